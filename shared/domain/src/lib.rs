#![doc = include_str!("../README.md")]

mod approval;
pub mod audit;
mod brief;
mod campaign;
mod canonical;
mod confidence;
mod criteria;
mod drafting;
mod edit;
mod effect;
mod feed;
mod film;
mod follow_up;
mod grant;
mod ids;
mod joint;
mod ledger;
pub mod limits;
mod memory;
mod message;
mod money;
mod names;
mod owner;
mod persona;
mod plan;
mod policy;
pub mod ports;
mod proposal;
mod react;
mod recollection;
mod result;
mod review;
mod row;
mod signal;
mod task;
mod transaction;
mod transition;
mod verdict;
mod wanted;
mod watch;

pub use approval::{AnswerError, Answered, WaitingPlan};
pub use brief::{Brief, BriefError, PaymentError, PaymentOrder};
pub use campaign::{Campaign, CampaignEvent, CampaignStatus};
pub use canonical::{Digest, canonical_json};
pub use confidence::Confidence;
pub use criteria::{Check, Criterion};
pub use drafting::Drafting;
pub use edit::PlanEdit;
pub use effect::{Approving, Claim, Effect, EffectEvent, EffectStatus, Outcome, Refusal};
pub use feed::{ToolFeed, ToolFeedError, is_http_url, is_server_name, is_tool_name};
pub use film::{Spendable, VideoTier, VideoTiers, video_tier};
pub use follow_up::{Cause, Command, Home, changed_enough, follow_up, resend_is_due};
pub use grant::{Grant, SignedGrant};
pub use ids::{
    AgentId, CampaignId, EffectId, InvalidId, OperatorId, ResultId, ReviewId, SignalId, TaskId, TenantId,
    WriterId,
};
pub use joint::{JointTransaction, clash};
pub use ledger::{Bucket, BucketRow, Close, LedgerEntry, Reservation};
pub use memory::{Engagement, ProposedMemory};
pub use message::{
    EffectMessage, Envelope, PerceiveMessage, PlanMessage, ReviewMessage, TaskMessage, is_carriable,
};
pub use money::{Currency, Money, MoneyError};
pub use names::{free_names, is_held_by, take_names_again};
pub use owner::{InvalidOwner, Owned, Owner};
pub use persona::Persona;
pub use plan::{
    GoalCheck, Plan, PlanCause, PlanDiff, PlanError, PlanEvent, PlanStatus, Rejection, check_plan,
};
pub use policy::{
    AgentPolicy, Band, Caps, Disclosure, LowBand, MediumBand, NearDuplicate, Policy, PolicyError, QuietHours,
    Rung, Thresholds, Topic,
};
pub use proposal::{Proposal, ProposalError, ProposedTask};
pub use react::{PlanMode, React, ReactError};
pub use recollection::Recollection;
pub use result::{
    Artifact, Intent, Outcome as WorkOutcome, Payment, Picture, Remembered, Source, TaskResult, Usage,
};
pub use review::{
    Content, Decision, DecisionKind, DecisionRow, Opening, Review, ReviewEvent, ReviewStatus, Subject,
    TaskToken,
};
pub use row::{
    Agent, DeadLetter, History, PacingSlot, PolicyRow, Replay, Row, RowError, RowKey, Stored, Unique,
    UniqueState,
};
pub use signal::{Seen, Signal, SignalEvent, SignalStatus};
pub use task::{Binding, Committed, Mention, Priority, Published, Task, TaskEvent, TaskKind, TaskStatus};
pub use transaction::{
    Applied, DecisionTransaction, MoneyTransaction, Op, OpRefusal, StoreError, Table, Transaction, When,
};
pub use transition::IllegalTransition;
pub use verdict::{Evidence, Flag, RuleEvidence, Verdict, VerdictKind};
pub use watch::{Headline, Watch};

pub use jiff::Timestamp;
