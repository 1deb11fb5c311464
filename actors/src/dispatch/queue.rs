//! A queue of waiting visitors: urgent first, then by arrival.

use std::collections::BTreeSet;

use crate::{
    dispatch::conversation::{Conversation, Priority},
    ids::ConversationId,
    sabotage::{Sabotage, sabotaged},
};

/// A place in a queue. The order of the fields is the order of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    /// Urgent first.
    pub priority: Priority,
    /// Then who came first.
    pub arrival: u64,
    /// Whose place it is.
    pub conversation: ConversationId,
}

impl From<&Conversation> for Ticket {
    fn from(conversation: &Conversation) -> Self {
        Self { priority: conversation.priority, arrival: conversation.arrival, conversation: conversation.id }
    }
}

/// One queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue(BTreeSet<Ticket>);

impl Queue {
    pub(crate) fn insert(&mut self, ticket: Ticket) {
        self.0.insert(ticket);
    }

    pub(crate) fn remove(&mut self, ticket: &Ticket) -> bool {
        self.0.remove(ticket)
    }

    /// In the order of service.
    pub fn iter(&self) -> impl Iterator<Item = &Ticket> {
        self.0.iter()
    }

    /// Who is next.
    pub fn head(&self) -> Option<&Ticket> {
        if sabotaged(Sabotage::ServeNewestFirst) { self.0.last() } else { self.0.first() }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many are served before `ticket`, which may stand here or not.
    pub fn ahead_of(&self, ticket: &Ticket) -> usize {
        match self.0.last() {
            // Most ask right after they came, at the end of the queue.
            Some(last) if last < ticket => self.0.len(),
            Some(last) if last == ticket => self.0.len() - 1,
            Some(_) => self.0.range(..*ticket).count(),
            None => 0,
        }
    }
}
