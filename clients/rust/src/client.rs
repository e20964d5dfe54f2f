//! [`Client`]: cached reads, validation of records, and watches (`watch.rs`) over one connection to a registry.

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_core::Stream;
use lru::LruCache;
use tokio::time::{sleep, timeout};
use tonic::metadata::MetadataMap;
use tonic::{Code, Response, Status};

use crate::credentials::{Credentials, Unsound};
use crate::google::api::HttpBody;
use crate::line::{Keepalive, Line, Rpc};
use crate::refused::Refused;
use crate::v1::{GetSchemaRequest, ValidateRecordsRequest, ValidateRecordsResponse};
use crate::watch::{Event, Watching, follow};

/// The highest release of a schema; a pre-release only where nothing else exists.
pub const LATEST: &str = "latest";

const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1000).unwrap();
const ATTEMPTS: u32 = 4;
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

type Known = Mutex<LruCache<(String, String), Arc<Document>>>;

/// One connection to a registry; clones share it and its cache.
#[derive(Clone)]
pub struct Client {
    line: Arc<Line>,
    known: Arc<Known>,
}

/// One version, byte for byte as it was registered.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Document {
    pub id: String,
    pub version: String,
    pub revision: i64,
    pub fingerprint: String,
    pub etag: String,
    pub raw: Vec<u8>,
}

impl Client {
    /// Reads the credentials' files at once, to report faults, and again for each connection, so renewed files are used
    /// without a restart. The first call connects, within a Tokio runtime, and always directly: proxies of the
    /// environment are not used.
    ///
    /// # Errors
    /// [`Unsound`] where a file can't be read or used, or `target` isn't `HOST:PORT`.
    pub fn new(target: &str, files: Credentials) -> Result<Self, Unsound> {
        Self::with_keepalive(target, files, Keepalive::default())
    }

    /// Makes a client as `new` does, with another [`Keepalive`] than the default.
    ///
    /// # Errors
    /// As `new`.
    pub fn with_keepalive(target: &str, files: Credentials, keepalive: Keepalive) -> Result<Self, Unsound> {
        let line = Arc::new(Line::new(target, files, keepalive)?);
        Ok(Self { line, known: Arc::new(Mutex::new(LruCache::new(REMEMBERED))) })
    }

    /// The generated client on the same connection.
    #[must_use]
    pub fn rpc(&self) -> Rpc {
        self.line.rpc()
    }

    /// Gets one version of a schema (`1.0.0`), or the one that a reference means: [`LATEST`], or `1`, `1.2`, `^1.2` and
    /// `~1.2` for the highest release of a line.
    ///
    /// A version never changes, so it comes from the cache if this client has had it before; for a reference, which may
    /// mean another one later, the registry is asked each time, and sends the document only if it changed.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn get(&self, id: &str, version: &str) -> Result<Arc<Document>, Refused> {
        let version = version.strip_prefix('v').unwrap_or(version);
        let asked = (id.to_owned(), if version.is_empty() { LATEST } else { version }.to_owned());
        let known = self.recall(&asked);
        // A reference is exact where it is the number of its answer's version.
        if let Some(known) = &known
            && known.version == asked.1
        {
            return Ok(known.clone());
        }
        let request = GetSchemaRequest {
            id: asked.0.clone(),
            version: asked.1.clone(),
            if_none_match: known.as_ref().map(|known| known.etag.clone()).unwrap_or_default(),
            ..Default::default()
        };
        let answer = call(|| {
            let (mut rpc, request) = (self.rpc(), request.clone());
            async move { rpc.get_schema(request).await }
        })
        .await?;
        let (metadata, body, _) = answer.into_parts();
        match known {
            Some(known) if body.data.is_empty() => Ok(known),
            _ => Ok(self.remember(asked, document(&metadata, body))),
        }
    }

    /// Validates a JSON array of up to 1,000 records against one version, on the server.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn validate(
        &self,
        id: &str,
        version: &str,
        records: impl Into<Vec<u8>>,
    ) -> Result<ValidateRecordsResponse, Refused> {
        let body = HttpBody { content_type: "application/json".into(), data: records.into(), ..Default::default() };
        let request = ValidateRecordsRequest { id: id.into(), version: version.into(), records: Some(body) };
        let answer = call(|| {
            let (mut rpc, request) = (self.rpc(), request.clone());
            async move { rpc.validate_records(request).await }
        });
        Ok(answer.await?.into_inner())
    }

    /// Streams every version after a revision, then each new one as it is registered: each once, in the order of
    /// revisions. Where the connection breaks, or is silent for three of the registry's progress intervals (30 s by
    /// default), it reconnects and resumes after the last revision.
    ///
    /// It ends after an error that a new connection can't change: `Code::OutOfRange` where the registry can't resume
    /// from that revision, `Code::Unavailable` only where it was never reached.
    pub fn watch(&self, what: Watching) -> impl Stream<Item = Result<Event, Refused>> + Send + use<> {
        follow(self.line.clone(), what)
    }

    fn recall(&self, asked: &(String, String)) -> Option<Arc<Document>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(asked).cloned()
    }

    fn remember(&self, asked: (String, String), found: Document) -> Arc<Document> {
        let found = Arc::new(found);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.put((asked.0.clone(), found.version.clone()), found.clone());
        known.put(asked, found.clone());
        found
    }
}

/// Sends a unary call, and retries it while the registry can't be reached and its time lasts: reads change nothing, and
/// a repeated write of the same content gets the answer of the first one.
async fn call<Answer, Sent>(send: impl Fn() -> Sent) -> Result<Response<Answer>, Refused>
where
    Sent: Future<Output = Result<Response<Answer>, Status>>,
{
    let attempts = async {
        let mut attempt = 1;
        loop {
            match send().await {
                Err(status) if status.code() == Code::Unavailable && attempt < ATTEMPTS => {
                    sleep(Duration::from_millis(rand::random_range(0..100 << attempt))).await;
                    attempt += 1;
                }
                settled => return settled,
            }
        }
    };
    let late = |_| Status::deadline_exceeded(format!("no answer within {} s", TIMEOUT.as_secs()));
    Ok(timeout(TIMEOUT, attempts).await.map_err(late)??)
}

fn document(metadata: &MetadataMap, body: HttpBody) -> Document {
    let named = |name| metadata.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Document {
        id: named("x-schema-id").into(),
        version: named("x-schema-version").into(),
        revision: named("x-schema-revision").parse().unwrap_or_default(),
        fingerprint: named("x-schema-fingerprint").into(),
        etag: named("etag").into(),
        raw: body.data,
    }
}
