//! A watch through all its connections: what to ask for next, what was told already, when to try again.

use std::time::Duration;

use async_stream::stream;
use futures_core::Stream;
use tokio::time::sleep;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::refused::Refused;
use crate::v1::schema_registry_client::SchemaRegistryClient;
use crate::v1::watch_schemas_response::Event as Told;
use crate::v1::{SchemaVersion, WatchSchemasRequest, WatchSchemasResponse};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a watch is to tell.
#[derive(Clone, Debug, Default)]
pub struct Watching {
    /// The last revision that is known already; 0 for everything.
    pub after_revision: i64,
    /// The schemas to tell of; all where there is none.
    pub ids: Vec<String>,
    /// Ask for the documents' bytes too.
    pub documents: bool,
}

/// Whether a version was there when the watch began, or was registered since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was there.
    Snapshot,
    /// It was registered since.
    Change,
}

/// One thing that a watch tells.
#[derive(Clone, Debug)]
pub enum Event {
    /// A version of a schema, with its document's bytes where they were asked for.
    Version {
        /// Whether it is news.
        kind: Kind,
        /// What was registered.
        version: SchemaVersion,
        /// The document; empty where it was not asked for.
        document: Vec<u8>,
    },
    /// Nothing up to `revision` is left to tell.
    Progress {
        /// The revision.
        revision: i64,
        /// The registry has lost its store for now.
        stale: bool,
    },
}

pub(crate) fn follow(
    mut rpc: SchemaRegistryClient<Channel>,
    what: Watching,
) -> impl Stream<Item = Result<Event, Refused>> + Send + use<> {
    let mut position = Position { what, heard: false, caught_up: false, failures: 0 };
    stream! {
        loop {
            let mut failure = None;
            match rpc.watch_schemas(position.request()).await {
                Ok(answer) => {
                    let mut messages = answer.into_inner();
                    loop {
                        match messages.message().await {
                            Ok(Some(message)) => {
                                if let Some(event) = position.accept(message) {
                                    yield Ok(event);
                                }
                            }
                            Ok(None) => break,
                            Err(status) => {
                                failure = Some(status);
                                break;
                            }
                        }
                    }
                }
                Err(status) => failure = Some(status),
            }
            if let Some(status) = failure && !position.survives(&status) {
                yield Err(Refused::from(status));
                return;
            }
            sleep(position.pause()).await;
        }
    }
}

struct Position {
    what: Watching,
    heard: bool,
    caught_up: bool,
    failures: u32,
}

impl Position {
    fn request(&self) -> WatchSchemasRequest {
        WatchSchemasRequest {
            after_revision: self.what.after_revision,
            ids: self.what.ids.clone(),
            include_documents: self.what.documents,
        }
    }

    /// The event to tell, none for a version that was told before. After a reconnect the server calls a snapshot what
    /// was registered meanwhile; to this watch it is a change.
    fn accept(&mut self, message: WatchSchemasResponse) -> Option<Event> {
        (self.heard, self.failures) = (true, 0);
        let reached = self.what.after_revision;
        let version = match message.event? {
            Told::Progress(progress) => {
                self.caught_up = true;
                self.what.after_revision = reached.max(message.revision);
                return Some(Event::Progress { revision: self.what.after_revision, stale: progress.stale });
            }
            Told::Snapshot(version) | Told::Change(version) => version,
        };
        if message.revision <= reached {
            return None;
        }
        self.what.after_revision = message.revision;
        let kind = if self.caught_up { Kind::Change } else { Kind::Snapshot };
        Some(Event::Version { kind, version, document: message.document })
    }

    /// Whether to connect again: not where that changes nothing, and not before the first message.
    fn survives(&self, status: &Status) -> bool {
        let is_final = matches!(
            status.code(),
            Code::InvalidArgument
                | Code::NotFound
                | Code::FailedPrecondition
                | Code::OutOfRange
                | Code::Unauthenticated
                | Code::PermissionDenied
                | Code::Unimplemented
        );
        self.heard && !is_final
    }

    /// Random, so that watchers spread out, up to a bound that doubles with each failure.
    fn pause(&mut self) -> Duration {
        let bound = LONGEST_PAUSE.min(FIRST_PAUSE * 2u32.pow(self.failures.min(10)));
        self.failures += 1;
        bound.mul_f64(rand::random())
    }
}
