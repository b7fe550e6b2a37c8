//! SQL of what members did. Row-level security lets officers read everybody's sums, and each member their own.

use chrono::NaiveDate;
use kernel::{
    db::Tx,
    ids::{OrganizationId, UserId},
};

use super::rules::{Cover, HANDS_AN_HOUR, MESSAGES_AN_HOUR, SPEAKING_SHARE, Sums};

/// Somebody, and what they did.
pub struct Member {
    pub id: UserId,
    pub name: String,
    pub sums: Sums,
}

/// The months of an organization that have to be summed anew.
pub async fn changed(tx: &mut Tx, org: OrganizationId) -> sqlx::Result<Vec<NaiveDate>> {
    sqlx::query_scalar!(
        r#"select distinct month as "month!" from activity_changes where organization_id = $1"#,
        org.0
    )
    .fetch_all(&mut **tx)
    .await
}

/// What people did, by name.
pub async fn sums(
    tx: &mut Tx,
    org: OrganizationId,
    cover: &Cover,
    people: Option<&[UserId]>,
) -> sqlx::Result<Vec<Member>> {
    let (from, before): (Vec<_>, Vec<_>) = cover.record.iter().copied().unzip();
    let people: Option<Vec<uuid::Uuid>> = people.map(|people| people.iter().map(|user| user.0).collect());
    let rows = sqlx::query!(
        r#"with parts as (
               select s.user_id, s.invited, s.attended, s.absent, s.excused, s.late, s.late_excused, s.left_early,
                      s.left_early_excused, s.duration_seconds, s.present_seconds, s.offered_seconds, s.messages,
                      s.messages_counted, s.hands, s.hands_counted, s.speaking_seconds, s.speaking_counted
               from activity_scores s
               where s.organization_id = $1 and s.month = any ($2) and ($5::uuid[] is null or s.user_id = any ($5))
               union all
               select a.* from unnest($3::timestamptz[], $4::timestamptz[]) r (starts_from, starts_before),
                      lateral activity_between($1, r.starts_from, r.starts_before, $5, $6, $7, $8) a)
           select u.id as "id!: UserId", u.name as "name!", sum(p.invited)::bigint as "invited!", sum(p.attended)::bigint as "attended!",
                  sum(p.absent)::bigint as "absent!", sum(p.excused)::bigint as "excused!", sum(p.late)::bigint as "late!",
                  sum(p.late_excused)::bigint as "late_excused!", sum(p.left_early)::bigint as "left_early!",
                  sum(p.left_early_excused)::bigint as "left_early_excused!", sum(p.duration_seconds) as "duration_seconds!",
                  sum(p.present_seconds) as "present_seconds!", sum(p.offered_seconds) as "offered_seconds!",
                  sum(p.messages)::bigint as "messages!", sum(p.messages_counted) as "messages_counted!",
                  sum(p.hands)::bigint as "hands!", sum(p.hands_counted) as "hands_counted!",
                  sum(p.speaking_seconds) as "speaking_seconds!", sum(p.speaking_counted) as "speaking_counted!"
           from parts p join users u on u.id = p.user_id and u.kind = 'person'
           group by u.id order by u.name, u.id"#,
        org.0,
        &cover.months,
        &from,
        &before,
        people.as_deref() as Option<&[uuid::Uuid]>,
        MESSAGES_AN_HOUR,
        HANDS_AN_HOUR,
        SPEAKING_SHARE,
    )
    .fetch_all(&mut **tx)
    .await?;
    let member = rows.into_iter().map(|row| Member {
        id: row.id,
        name: row.name,
        sums: Sums {
            invited: row.invited,
            attended: row.attended,
            absent: row.absent,
            excused: row.excused,
            late: row.late,
            late_excused: row.late_excused,
            left_early: row.left_early,
            left_early_excused: row.left_early_excused,
            duration_seconds: row.duration_seconds,
            present_seconds: row.present_seconds,
            offered_seconds: row.offered_seconds,
            messages: row.messages,
            messages_counted: row.messages_counted,
            hands: row.hands,
            hands_counted: row.hands_counted,
            speaking_seconds: row.speaking_seconds,
            speaking_counted: row.speaking_counted,
        },
    });
    Ok(member.collect())
}

/// Sums one month anew that has changed; false when none has, or another process does it. What changes meanwhile is
/// noted behind what is taken here, and summed the next time.
pub async fn refresh_one(tx: &mut Tx) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        r#"delete from activity_changes c
           using (select organization_id, month from activity_changes
                  where (select pg_try_advisory_xact_lock(hashtextextended('activity_scores', 0))) order by id limit 1) first
           where c.organization_id = first.organization_id and c.month = first.month
           returning c.organization_id as "organization!: OrganizationId", c.month as "month!""#,
    )
    .fetch_all(&mut **tx)
    .await?;
    let Some(first) = taken.first() else { return Ok(false) };
    sqlx::query!(
        "delete from activity_scores where organization_id = $1 and month = $2",
        first.organization.0,
        first.month,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into activity_scores
         select o.id, $2::date, a.* from organizations o,
                lateral activity_between(o.id, $2::date::timestamp at time zone 'UTC',
                                         ($2::date + interval '1 month') at time zone 'UTC', null, $3, $4, $5) a
         where o.id = $1",
        first.organization.0,
        first.month,
        MESSAGES_AN_HOUR,
        HANDS_AN_HOUR,
        SPEAKING_SHARE,
    )
    .execute(&mut **tx)
    .await?;
    Ok(true)
}
