//! Promises 1 and 2 where nothing is published: what an agent remembers is what was approved, once, and all of it.

use chimera_domain::{Effect, EffectStatus, ProposedMemory};

use crate::SwarmWorld;

impl SwarmWorld {
    /// [W-7] [E-14] No memory was kept but one that an approved effect names, in its words; and what is done is kept.
    pub(super) fn unapproved_memories(&self) -> Vec<String> {
        let effects: Vec<Effect> =
            self.effects().into_iter().filter(|effect| effect.intent.is_of_memory()).collect();
        let mut broken = Vec::new();
        for campaign in self.campaigns() {
            let own = effects
                .iter()
                .filter(|effect| (&effect.tenant, &effect.agent) == (&campaign.tenant, &campaign.agent));
            let named: Vec<ProposedMemory> =
                own.filter_map(|effect| effect.intent.memories()).flatten().collect();
            let kept = self.memories.texts(&campaign.tenant, &campaign.agent);
            let strange = kept.iter().filter(|text| !named.iter().any(|memory| memory.text == **text));
            broken.extend(strange.map(|text| format!("{text:?} is remembered and nobody approved it")));
        }
        for effect in effects {
            if effect.digest != effect.intent.digest() {
                broken.push(format!("{} was changed after its approval", effect.id));
            }
            let is_done = effect.status == EffectStatus::Done && effect.asked.is_none();
            let memories = effect.intent.memories().unwrap_or_default();
            let lost = memories
                .iter()
                .filter(|memory| is_done && !self.memories.holds(&effect.tenant, &effect.agent, memory));
            broken.extend(lost.map(|memory| format!("{} is done and {} is not kept", effect.id, memory.key)));
        }
        broken
    }
}
