export function MeetingDetailsPage() {
  return null;
}
