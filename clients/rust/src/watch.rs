//! A watch across its connections: the next request, the events it has had already, and when to reconnect.

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

/// The time between the registry's marks of progress, where it doesn't announce one.
const INTERVAL: Duration = Duration::from_secs(10);
/// The number of silent intervals after which a connection counts as dead. Pings don't replace that: a proxy in between
/// answers them although the registry is gone.
const SILENT_INTERVALS: u32 = 3;

/// Selects the events of a watch.
#[derive(Clone, Debug, Default)]
pub struct Watching {
    /// The revision after which the watch begins; 0 for every version.
    pub after_revision: i64,
    /// The schemas to watch; empty for all.
    pub ids: Vec<String>,
    /// Whether events have the documents' bytes.
    pub documents: bool,
}

/// What an event tells of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The version was registered before the watch began.
    Snapshot,
    /// The version was registered since.
    Change,
    /// The version's state was changed, before the watch began or since.
    State,
}

/// An event of a watch: a version, or a mark of progress.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "events are taken one at a time, and nearly all have a version")]
pub enum Event {
    /// A version of a schema.
    Version {
        /// Whether it was registered before the watch began, or since, or its state was changed.
        kind: Kind,
        /// The registered version, in its new state where that was changed.
        version: SchemaVersion,
        /// The document's bytes; empty unless `Watching::documents` is set.
        document: Vec<u8>,
        /// Whether [`LATEST`](crate::LATEST) means this version; not so for a pre-release beside releases, or a fix to
        /// an old line.
        is_latest: bool,
    },
    /// A mark of progress: every event up to `revision` has been sent. The first one ends the snapshot.
    Progress {
        /// The revision up to which every event has been sent.
        revision: i64,
        /// The registry can't reach its store, so its answers may be out of date.
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
                if !position.should_reconnect(&status) {
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
    /// Whether it was silent for too long.
    silent: bool,
}

/// Waits at most `allowed` for a result; a connection that is silent for longer has ended.
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

/// Reads the interval between marks of progress from a watch's headers.
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

    /// The event of a message, none for a version that the watch has had before. After a reconnection the server sends
    /// versions registered meanwhile as snapshot; for this watch they are changes.
    fn accept(&mut self, message: WatchSchemasResponse) -> Option<Event> {
        (self.heard, self.failures) = (true, 0);
        let reached = self.what.after_revision;
        let (kind, version) = match message.event? {
            Told::Progress(progress) => {
                self.caught_up = true;
                self.what.after_revision = reached.max(message.revision);
                return Some(Event::Progress { revision: self.what.after_revision, stale: progress.stale });
            }
            Told::Snapshot(version) | Told::Change(version) if self.caught_up => (Kind::Change, version),
            Told::Snapshot(version) | Told::Change(version) => (Kind::Snapshot, version),
            Told::StateChange(version) => (Kind::State, version),
        };
        if message.revision <= reached {
            return None;
        }
        self.what.after_revision = message.revision;
        // With a change of a state, the message's document is that of the latest version.
        let document = if kind == Kind::State { Vec::new() } else { message.document };
        let is_latest = message.latest_version == version.version;
        Some(Event::Version { kind, version, document, is_latest })
    }

    /// Whether to reconnect after an error: not where that can't help, and not before the first message.
    fn should_reconnect(&self, status: &Status) -> bool {
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

    /// The pause before reconnecting: random, so that watchers spread out, up to a bound that doubles with each
    /// failure.
    fn pause(&mut self) -> Duration {
        let bound = LONGEST_PAUSE.min(FIRST_PAUSE * 2u32.pow(self.failures.min(10)));
        self.failures += 1;
        bound.mul_f64(rand::random())
    }
}
