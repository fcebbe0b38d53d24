//! [P-2] Every state change the protocol knows, as one golden table: `status --event--> status`. What is not listed is a typed
//! illegal transition.

use chimera_domain::{
    CampaignEvent, CampaignStatus, EffectEvent, EffectStatus, PlanEvent, PlanStatus, ReviewEvent,
    ReviewStatus, TaskEvent, TaskStatus,
};

macro_rules! table {
    ($status:ident, $event:ident) => {{
        let mut lines = Vec::new();
        for from in $status::ALL {
            for event in $event::ALL {
                if let Ok(to) = from.next(*event) {
                    lines.push(format!("{from} --{}--> {to}", event.name()));
                }
            }
        }
        lines.join("\n") + "\n"
    }};
}

#[test]
fn the_transition_tables_are_the_printed_ones() {
    let tables = [
        ("campaign", table!(CampaignStatus, CampaignEvent)),
        ("plan", table!(PlanStatus, PlanEvent)),
        ("task", table!(TaskStatus, TaskEvent)),
        ("review", table!(ReviewStatus, ReviewEvent)),
        ("effect", table!(EffectStatus, EffectEvent)),
    ];
    let text: String = tables.iter().map(|(name, table)| format!("## {name}\n{table}\n")).collect();
    assert_eq!(text, include_str!("transitions.golden.txt"));
}

/// [E-3] An unknown outcome is never left by a second attempt: the only ways out of `unconfirmed` are an answer, a proof
/// that the grant is void, or a refusal.
#[test]
fn an_unconfirmed_effect_is_never_simply_tried_again() {
    for event in EffectEvent::ALL {
        if let Ok(to) = EffectStatus::Unconfirmed.next(*event) {
            assert!(!matches!(to, EffectStatus::Approved | EffectStatus::Dispatching), "{}", event.name());
        }
    }
}

#[test]
fn what_is_over_stays_over_unless_it_happened_after_all() {
    for from in EffectStatus::ALL.iter().filter(|status| status.is_final()) {
        for event in EffectEvent::ALL {
            if let Ok(to) = from.next(*event) {
                assert_eq!((*event, to), (EffectEvent::Confirm, EffectStatus::Done));
            }
        }
    }
    for from in [TaskStatus::Approved, TaskStatus::Dropped] {
        assert!(TaskEvent::ALL.iter().all(|event| from.next(*event).is_err()), "{from}");
    }
}
