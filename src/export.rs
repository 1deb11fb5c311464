//! Conversations as files.
