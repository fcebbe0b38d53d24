//! What a policy says about a moment, and where it is unsound.
#![expect(clippy::unwrap_used, reason = "what cannot be made fails the test")]

use chimera_domain::{AgentId, Caps, Currency, Money, Policy, PolicyError, QuietHours, Timestamp};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(from: &str, to: &str, utc_offset_minutes: i16) -> QuietHours {
    QuietHours { from: from.parse().unwrap(), to: to.parse().unwrap(), utc_offset_minutes }
}

fn mira() -> AgentId {
    AgentId::new("mira").unwrap()
}

#[test]
fn quiet_hours_begin_and_end_to_the_second() {
    let day = hours("08:00", "12:30", 0);
    for (moment, end) in [
        ("2026-03-02T07:59:59Z", None),
        ("2026-03-02T08:00:00Z", Some("2026-03-02T12:30:00Z")),
        ("2026-03-02T12:29:59Z", Some("2026-03-02T12:30:00Z")),
        ("2026-03-02T12:30:00Z", None),
    ] {
        assert_eq!(day.end(at(moment)), end.map(at), "{moment}");
    }
}

#[test]
fn a_night_ends_on_the_next_morning_of_its_own_place() {
    let night = hours("22:00", "07:00", 0);
    let abroad = hours("22:00", "07:00", 330);
    for (hours, moment, end) in [
        (&night, "2026-03-02T21:59:59Z", None),
        (&night, "2026-03-02T22:00:00Z", Some("2026-03-03T07:00:00Z")),
        (&night, "2026-12-31T23:30:00Z", Some("2027-01-01T07:00:00Z")),
        (&night, "2026-03-03T06:59:59Z", Some("2026-03-03T07:00:00Z")),
        (&night, "2026-03-03T07:00:00Z", None),
        (&abroad, "2026-03-02T16:29:59Z", None),
        (&abroad, "2026-03-02T16:30:00Z", Some("2026-03-03T01:30:00Z")),
        (&abroad, "2026-03-03T01:30:00Z", None),
    ] {
        assert_eq!(hours.end(at(moment)), end.map(at), "{hours:?} {moment}");
    }
}

#[test]
fn an_agents_own_quiet_hours_come_before_the_tenants() {
    let mut policy = Policy::standard(Currency::Usd);
    policy.quiet_hours = Some(hours("22:00", "07:00", 0));
    policy.agents.entry(mira()).or_default().quiet_hours = Some(hours("12:00", "13:00", 0));
    let nora = AgentId::new("nora").unwrap();
    let (noon, midnight) = (at("2026-03-02T12:10:00Z"), at("2026-03-02T23:00:00Z"));
    assert_eq!(policy.quiet_until(&mira(), noon), Some(at("2026-03-02T13:00:00Z")));
    assert_eq!(policy.quiet_until(&mira(), midnight), None);
    assert_eq!(policy.quiet_until(&nora, noon), None);
    assert_eq!(policy.quiet_until(&nora, midnight), Some(at("2026-03-03T07:00:00Z")));
}

/// [F-6]
#[test]
fn a_switch_stops_whom_it_names() {
    let mut policy = Policy::standard(Currency::Usd);
    let nora = AgentId::new("nora").unwrap();
    policy.killed_tools.insert("twitter.post_create".to_owned());
    assert!(!policy.stops(&mira()) && policy.forbids(&mira(), "twitter", "post_create"));
    assert!(!policy.forbids(&mira(), "twitter", "post_delete"));
    policy.agents.entry(mira()).or_default().killed = true;
    assert!(policy.stops(&mira()) && !policy.stops(&nora));
    policy.killed = true;
    assert!(policy.stops(&nora) && policy.forbids(&nora, "any", "tool"));
}

#[test]
fn an_unsound_policy_says_where() {
    let place = |change: fn(&mut Policy)| {
        let mut policy = Policy::standard(Currency::Usd);
        change(&mut policy);
        policy.check().unwrap_err().place().join("/")
    };
    assert_eq!(
        place(|policy| std::mem::swap(&mut policy.thresholds.approve, &mut policy.thresholds.hold)),
        "thresholds/hold"
    );
    assert_eq!(place(|policy| policy.quiet_hours = Some(hours("22:00", "22:00", 0))), "quiet_hours");
    let own = |policy: &mut Policy| {
        policy.agents.entry(mira()).or_default().quiet_hours = Some(hours("22:00", "07:00", 900));
    };
    assert_eq!(place(own), "agents/mira/quiet_hours");
    let euros = |policy: &mut Policy| {
        policy.caps = Caps { per_campaign: Some(Money::zero(Currency::Eur)), ..Caps::default() };
    };
    assert_eq!(place(euros), "caps/per_campaign");
    assert_eq!(PolicyError::Window.place(), ["near_duplicate", "window_days"]);
}
