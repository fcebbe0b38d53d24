//! [M-6] The approvals of one campaign in one batch share a transaction: a full batch then costs one write and meets its
//! campaign's bucket once.
//!
//! The messages of a batch are handled side by side. One that reaches its approval waits until every other has ended or
//! waits as well; the last to come writes for all. Each still ends alone: what a transaction refuses is taken out, and
//! one that fails, panics or overruns only leaves its seat.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    Applied, Confidence, JointTransaction, MoneyTransaction, RowKey, StoreError, TaskId, clash, limits,
};
use chimera_policy::novelty;
use tokio::sync::{Notify, oneshot};
use tracing::{debug, warn};

use crate::approve::again;
use crate::{Judge, JudgeStore, Landed};

/// An approval ready to be written.
pub(crate) struct Approval {
    /// The partition of its campaign.
    pub(crate) campaign: RowKey,
    /// Whose account.
    pub(crate) agent: RowKey,
    /// The task's place in its plan, and its id: where a bucket cannot take all, this order decides.
    pub(crate) place: (u32, TaskId),
    /// The text that it publishes, or an empty one: of two of an agent that resemble each other the second is judged by what
    /// the first has become, whichever campaigns they are of. Two without a text do: an agent's payments go one after the
    /// other, for each is judged by those before it.
    pub(crate) text: String,
    /// Whether it waits for what it resembles. A text that a human approved is new enough.
    pub(crate) is_compared: bool,
    pub(crate) transaction: MoneyTransaction,
}

struct Member {
    ticket: u64,
    approval: Approval,
    landed: oneshot::Sender<Result<Landed, HandleError>>,
}

/// Where the approvals of a batch meet.
#[derive(Default)]
pub(crate) struct Meeting {
    table: Mutex<Table>,
    changed: Notify,
}

#[derive(Default)]
struct Table {
    /// Messages that have neither ended nor wait here.
    busy: usize,
    waiting: Vec<Member>,
    tickets: u64,
}

impl Meeting {
    pub(crate) fn of(messages: usize) -> Self {
        Self { table: Mutex::new(Table { busy: messages, ..Table::default() }), changed: Notify::new() }
    }

    /// Takes the place of one of the batch's messages. Nobody is waited for longer than `patience`.
    pub(crate) fn sit(&self, patience: Duration) -> Seat<'_> {
        Seat { meeting: self, patience }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everybody who waits, once nobody else can come, or at once where patience has ended.
    fn gathered(&self, is_patient: bool) -> Option<Vec<Member>> {
        let mut table = self.table();
        let is_ready = !table.waiting.is_empty() && (table.busy == 0 || !is_patient);
        is_ready.then(|| mem::take(&mut table.waiting))
    }
}

/// A message's place in its batch; left when the message ends, however it ends.
pub(crate) struct Seat<'a> {
    meeting: &'a Meeting,
    patience: Duration,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.meeting.table().busy -= 1;
        self.meeting.changed.notify_waiters();
    }
}

/// A wait at the meeting; where it is given up, the message is busy again and its approval is taken back.
struct Wait<'a> {
    meeting: &'a Meeting,
    ticket: u64,
}

impl<'a> Wait<'a> {
    fn begin(
        meeting: &'a Meeting,
        approval: Approval,
    ) -> (Self, oneshot::Receiver<Result<Landed, HandleError>>) {
        let (landed, answer) = oneshot::channel();
        let mut table = meeting.table();
        table.tickets += 1;
        let ticket = table.tickets;
        table.busy -= 1;
        table.waiting.push(Member { ticket, approval, landed });
        drop(table);
        meeting.changed.notify_waiters();
        (Self { meeting, ticket }, answer)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut table = self.meeting.table();
        table.busy += 1;
        table.waiting.retain(|member| member.ticket != self.ticket);
    }
}

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// Writes an approval together with the others of its batch and campaign.
    pub(crate) async fn write_jointly(
        &self,
        seat: &Seat<'_>,
        approval: Approval,
    ) -> Result<Landed, HandleError> {
        let meeting = seat.meeting;
        let (_wait, mut answer) = Wait::begin(meeting, approval);
        let patience = tokio::time::sleep(seat.patience);
        tokio::pin!(patience);
        let mut is_patient = true;
        loop {
            let changed = meeting.changed.notified();
            if let Some(members) = meeting.gathered(is_patient) {
                self.write_all(members).await;
            }
            tokio::select! {
                biased;
                // Whoever wrote for all was ended in the middle of it: the next delivery finds out what became of it.
                answer = &mut answer => return answer.unwrap_or_else(|_| Err(again())),
                () = changed => {}
                () = &mut patience, if is_patient => is_patient = false,
            }
        }
    }

    async fn write_all(&self, mut members: Vec<Member>) {
        members.sort_by(|one, other| one.approval.order().cmp(&other.approval.order()));
        // What waits for nobody is compared with by all the others; the order within stays.
        members.sort_by_key(|member| member.approval.is_compared);
        let (mut apart, in_the_way) = apart(members);
        apart.sort_by(|one, other| one.approval.order().cmp(&other.approval.order()));
        for together in transactions(apart) {
            self.write_together(together).await;
        }
        // They are judged again, by what the others have become.
        in_the_way.into_iter().for_each(|member| member.tell(Ok(Landed::Moved)));
    }

    /// Writes these as one. The parts that are refused are taken out; where a bucket refuses the sum, or others write at the
    /// same time, each is written by itself in the order of tasks.
    async fn write_together(&self, mut members: Vec<Member>) {
        while members.len() > 1 {
            let parts: Vec<&MoneyTransaction> =
                members.iter().map(|member| &member.approval.transaction).collect();
            let joint = JointTransaction::of(&parts);
            let refusals = match self.store.write_money(joint.whole()).await {
                Ok(Applied::Now | Applied::Before) => {
                    debug!(approvals = members.len(), "approvals were written together");
                    members.drain(..).for_each(|member| member.tell(Ok(Landed::Done)));
                    return;
                }
                Err(StoreError::Refused(refusals)) => refusals,
                // Nothing is written; it may be one of them alone that others write to.
                Err(StoreError::Contention) => break,
                Err(error) => return fail(members, error),
            };
            let mut blamed = joint.blame(refusals);
            if blamed.is_empty() {
                break;
            }
            for (index, member) in mem::take(&mut members).into_iter().enumerate() {
                match blamed.remove(&index) {
                    None => members.push(member),
                    Some(own) => {
                        let settled = member.approval.transaction.inner().settle_refusals(own);
                        let landed = if settled.is_ok() { Landed::Done } else { Landed::Moved };
                        member.tell(Ok(landed));
                    }
                }
            }
        }
        for member in members {
            let landed = self.write_money(&member.approval.transaction).await;
            member.tell(landed);
        }
    }
}

impl Member {
    /// One that no longer listens was ended meanwhile: its message comes again and finds what is written.
    fn tell(self, landed: Result<Landed, HandleError>) {
        if self.landed.send(landed).is_err() {
            debug!(task.id = %self.approval.place.1, "nobody waits for this approval any more");
        }
    }
}

/// Whether it is written is unknown: every message comes again.
fn fail(members: Vec<Member>, error: StoreError) {
    warn!(approvals = members.len(), error = %error, "approvals could not be written together");
    let mut error = Some(error);
    for member in members {
        let error = error.take().map_or_else(again, HandleError::from);
        member.tell(Err(error));
    }
}

impl Approval {
    fn order(&self) -> (&RowKey, &(u32, TaskId)) {
        (&self.campaign, &self.place)
    }

    /// Whether what the other rests on is changed by this one.
    fn is_in_the_way_of(&self, other: &Self) -> bool {
        let resembles = || novelty(&other.text, &[self.text.as_str()]) < Confidence::FULL;
        clash(&self.transaction, &other.transaction)
            || (other.is_compared && self.agent == other.agent && resembles())
    }
}

/// Those that may be written now, and those for which one of them is in the way.
fn apart(members: Vec<Member>) -> (Vec<Member>, Vec<Member>) {
    let mut apart: Vec<Member> = Vec::new();
    let mut in_the_way = Vec::new();
    for member in members {
        if apart.iter().any(|other| other.approval.is_in_the_way_of(&member.approval)) {
            in_the_way.push(member);
        } else {
            apart.push(member);
        }
    }
    (apart, in_the_way)
}

/// What one transaction each can hold: of one campaign, in order.
fn transactions(members: Vec<Member>) -> Vec<Vec<Member>> {
    let mut runs: Vec<Vec<Member>> = Vec::new();
    let mut operations = 0;
    for member in members {
        let own = member.approval.transaction.inner().ops().len();
        match runs.last_mut() {
            Some(run)
                if run.iter().all(|other| other.approval.campaign == member.approval.campaign)
                    && operations + own <= limits::OPS_PER_TRANSACTION =>
            {
                operations += own;
                run.push(member);
            }
            _ => {
                operations = own;
                runs.push(vec![member]);
            }
        }
    }
    runs
}
