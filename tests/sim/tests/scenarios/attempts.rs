//! Worlds of posts, replies, deletions and payments against our own servers come out clean, however their calls went.

use chimera_sim::{Tally, trial};

/// [E-1] [E-2] [E-3] [E-4] [E-12] [M-14]
#[tokio::test]
async fn nothing_happens_twice_or_ungranted_and_the_ledger_agrees() {
    let mut tally = Tally::default();
    for seed in 1..=3 {
        let world = trial(seed).await;
        assert!(world.is_clean(), "seed {seed}: {world}\n{}", world.broken.join("\n"));
        tally.add(world);
    }
    assert!(tally.happened >= 30, "{tally}");
    assert!(tally.unknown_share() >= 2_000, "too few unknown outcomes to prove anything: {tally}");
}
