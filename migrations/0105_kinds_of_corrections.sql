-- A correction of the record is a movement of its own kind. LiveKit's word that a client vanished is less exact than that
-- it left. (New values of a type can be used from the next migration on.)
alter type attendance_event add value 'corrected';
alter type span_closed_by add value 'vanished';
