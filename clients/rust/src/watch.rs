//! A watch through all its connections: what to ask for next, what was told already, when to try again.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use futures_core::Stream;
use tokio::time::{sleep, timeout};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::line::Line;
use crate::refused::Refused;
use crate::v1::watch_schemas_response::Event as Told;
use crate::v1::{SchemaVersion, WatchSchemasRequest, WatchSchemasResponse};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Between the registry's marks of progress, where it doesn't say.
const INTERVAL: Duration = Duration::from_secs(10);
/// So many without a word end a connection: it may be dead though it answers pings, as a proxy in between does.
const SILENT_INTERVALS: u32 = 3;

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

pub(crate) fn follow(line: Arc<Line>, what: Watching) -> impl Stream<Item = Result<Event, Refused>> + Send + use<> {
    let mut position = Position { what, interval: INTERVAL, heard: false, caught_up: false, failures: 0 };
    stream! {
        loop {
            let mut failure = None;
            let (number, mut rpc) = line.numbered();
            match heard(position.allowed(), rpc.watch_schemas(position.request())).await {
                Ok(answer) => {
                    position.interval = interval(answer.metadata());
                    let mut messages = answer.into_inner();
                    loop {
                        match heard(position.allowed(), messages.message()).await {
                            Ok(Some(message)) => {
                                if let Some(event) = position.accept(message) {
                                    yield Ok(event);
                                }
                            }
                            Ok(None) => break,
                            Err(ended) => {
                                failure = Some(ended);
                                break;
                            }
                        }
                    }
                }
                Err(ended) => failure = Some(ended),
            }
            if let Some(Ended { status, silent }) = failure {
                if silent {
                    line.leave(number);
                }
                if !position.survives(&status) {
                    yield Err(Refused::from(status));
                    return;
                }
            }
            sleep(position.pause()).await;
        }
    }
}

/// How a connection ended.
struct Ended {
    status: Status,
    /// Nothing was heard by it.
    silent: bool,
}

/// What comes within the time allowed.
async fn heard<T>(allowed: Duration, coming: impl Future<Output = Result<T, Status>>) -> Result<T, Ended> {
    if let Ok(came) = timeout(allowed, coming).await {
        return came.map_err(|status| Ended { status, silent: false });
    }
    let message = format!(
        "a watch heard nothing for {} s, not even that nothing happened: check that the registry is running, and what is \
         in between",
        allowed.as_secs_f32()
    );
    Err(Ended { status: Status::unavailable(message), silent: true })
}

/// How often the registry marks its progress, by what it says of a watch.
fn interval(said: &MetadataMap) -> Duration {
    let seconds = said.get("x-schema-progress-seconds").and_then(|value| value.to_str().ok()?.parse::<f64>().ok());
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| !time.is_zero())
        .unwrap_or(INTERVAL)
}

struct Position {
    what: Watching,
    interval: Duration,
    heard: bool,
    caught_up: bool,
    failures: u32,
}

impl Position {
    /// How long a connection may be silent.
    fn allowed(&self) -> Duration {
        self.interval.saturating_mul(SILENT_INTERVALS)
    }

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
