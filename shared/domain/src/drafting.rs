//! Proposed tasks become rows: one way, whoever proposed them.

use jiff::Timestamp;

use crate::{
    Agent, Binding, Brief, Campaign, Check, Criterion, Disclosure, Money, PlanError, Proposal, ProposedTask,
    Task, TaskId, TaskKind, TaskStatus, VideoTier, VideoTiers, check_plan,
};

/// Longest backstory a task carries, in characters: the aim is a message of 6 KB.
const BACKSTORY_CHARS: usize = 600;

/// What makes rows of proposed tasks: whose they are, who speaks, and what is demanded of them whatever was proposed.
#[derive(Debug)]
pub struct Drafting<'a> {
    campaign: &'a Campaign,
    agent: &'a Agent,
    demanded: Demanded,
    /// The plan version that they are of.
    number: u32,
    now: Timestamp,
    tiers: VideoTiers,
}

impl<'a> Drafting<'a> {
    /// Makes rows of version `number` of the campaign's plan; what must be disclosed is the policy's.
    #[must_use]
    pub fn new(
        campaign: &'a Campaign,
        agent: &'a Agent,
        disclosure: Disclosure,
        number: u32,
        now: Timestamp,
    ) -> Self {
        let demanded = Demanded::by(&campaign.brief, disclosure);
        Self { campaign, agent, demanded, number, now, tiers: VideoTiers::new() }
    }

    /// The same, whose clips are of these tiers.
    #[must_use]
    pub fn with_tiers(self, tiers: VideoTiers) -> Self {
        Self { tiers, ..self }
    }

    /// The proposed tasks as rows of a whole plan.
    ///
    /// # Errors
    /// [`PlanError`] where they are none.
    pub fn rows(&self, proposal: Proposal) -> Result<Vec<Task>, PlanError> {
        let tasks = proposal.tasks.into_iter().enumerate();
        let rows: Vec<Task> = tasks.map(|(at, proposed)| self.task_row(at, proposed)).collect();
        check_plan(&rows)?;
        Ok(rows)
    }

    /// The proposed task as the row at this place of the plan: open where it waits for nothing, and with everything that
    /// is demanded of its kind.
    #[must_use]
    pub fn task_row(&self, at: usize, proposed: ProposedTask) -> Task {
        let Self { campaign, number, .. } = self;
        let demanded = self.demanded.of(proposed.kind, &proposed.binding);
        let mut criteria = proposed.criteria;
        criteria.retain(|own| demanded.iter().all(|asked| asked.id != own.id));
        criteria.extend(demanded);
        let is_open = proposed.depends_on.is_empty();
        let tier = self.tier_of(&proposed.id);
        let mut persona = self.agent.persona.clone();
        persona.backstory = persona.backstory.chars().take(BACKSTORY_CHARS).collect();
        Task {
            tenant: campaign.tenant.clone(),
            campaign: campaign.id.clone(),
            id: proposed.id,
            agent: campaign.agent.clone(),
            kind: proposed.kind,
            plan: *number,
            ordinal: u32::try_from(at).unwrap_or(u32::MAX),
            priority: proposed.priority,
            status: if is_open { TaskStatus::Open } else { TaskStatus::Blocked },
            attempt: 1,
            tries: 0,
            goal: proposed.goal,
            seed: campaign.brief.seed,
            depends_on: proposed.depends_on,
            criteria,
            persona,
            binding: proposed.binding,
            tier,
            source: None,
            pictures: Vec::new(),
            published: Vec::new(),
            recall: campaign.brief.remember && matches!(proposed.kind, TaskKind::Write | TaskKind::Reply),
            feedback: Vec::new(),
            alternative_to: None,
            last_resort: false,
            opened_at: is_open.then_some(self.now),
            committed: None,
            effect: None,
            review: None,
            cost: Money::zero(campaign.currency()),
            reason: None,
        }
    }

    /// What a task of this kind must satisfy whatever anybody wants: law's, policy's and an order's demands.
    pub(crate) fn law(&self, kind: TaskKind, binding: &Binding) -> Vec<Criterion> {
        self.demanded.law(kind, binding)
    }

    /// The tier of this task's clip; none where there is none, or nothing pays for it.
    pub(crate) fn tier_of(&self, id: &TaskId) -> Option<VideoTier> {
        self.tiers.get(id).copied()
    }

    /// The brief that is planned for.
    pub(crate) fn brief(&self) -> &Brief {
        &self.campaign.brief
    }

    /// The plan version that the rows are of.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }
}

/// What every text must satisfy whatever was proposed: the operator's criteria for posts, and what law and policy want
/// said.
#[derive(Debug)]
struct Demanded {
    posts: Vec<Criterion>,
    pictures: Vec<Criterion>,
    sponsor: Option<Criterion>,
    ai: Option<Criterion>,
}

impl Demanded {
    fn by(brief: &Brief, disclosure: Disclosure) -> Self {
        let ai = (disclosure == Disclosure::LabelAndText).then(|| {
            Criterion::mandatory("discloses-ai", "Says plainly that an AI made it", Check::DisclosesAi)
        });
        let sponsor = brief.sponsor.as_ref().map(|sponsor| {
            let text = format!("Says that it is paid for by {}", sponsor.trim());
            Criterion::mandatory("discloses-sponsor", &text, Check::DisclosesSponsor)
        });
        // [J-2] A picture's description goes out with its post: better that the picture is made otherwise than the post
        // lost.
        let forbids = |criterion: &&Criterion| matches!(criterion.check, Check::MustNotMention(_));
        let pictures = brief.criteria.iter().filter(forbids).cloned().collect();
        Self { posts: brief.criteria.clone(), pictures, sponsor, ai }
    }

    /// What tasks of this kind must satisfy: the operator's criteria first.
    fn of(&self, kind: TaskKind, binding: &Binding) -> Vec<Criterion> {
        let own: &[Criterion] = match kind {
            TaskKind::Write => &self.posts,
            TaskKind::Illustrate | TaskKind::Film => &self.pictures,
            _ => &[],
        };
        let law = self.law(kind, binding);
        // What is demanded by law keeps its name, whatever the brief calls its own.
        let own = own.iter().filter(|own| law.iter().all(|asked| asked.id != own.id));
        own.cloned().chain(law.iter().cloned()).collect()
    }

    /// [K-5] [J-6] What nobody may leave out. A payment is judged by the order that the task is bound to, a memory by the posts
    /// that it is of.
    fn law(&self, kind: TaskKind, binding: &Binding) -> Vec<Criterion> {
        match (kind, binding) {
            (TaskKind::Write, _) => self.sponsor.iter().chain(&self.ai).cloned().collect(),
            (TaskKind::Reply, _) => self.ai.iter().cloned().collect(),
            (TaskKind::Transact, Binding::Payment { order }) => {
                let text = "Pays what was ordered, to whom and for what it was ordered";
                vec![Criterion::mandatory("as-ordered", text, Check::Pays(order.clone()))]
            }
            (TaskKind::Remember, _) => Criterion::for_memories(),
            _ => Vec::new(),
        }
    }
}
