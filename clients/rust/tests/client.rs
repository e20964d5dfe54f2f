//! Tests with a real registry, which `make rust-test` starts.

use std::env::var;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use schemaregistry::google::api::HttpBody;
use schemaregistry::v1::{RegisterSchemaRequest, WhoAmIRequest};
use schemaregistry::{Client, Credentials, Event, Keepalive, Kind, LATEST, Refused, Watching};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::join;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tonic::Code;

#[path = "client/tokens.rs"]
mod tokens;

fn reader() -> Client {
    let (target, files) = Credentials::from_environment();
    Client::new(&target, files).unwrap()
}

fn publisher_files() -> Credentials {
    let told = |name| PathBuf::from(var(name).expect("no registry to test against: run `make rust-test`"));
    let (_, reader) = Credentials::from_environment();
    let (cert, key) = (told("SCHEMAREGISTRY_PUBLISHER_CERT"), told("SCHEMAREGISTRY_PUBLISHER_KEY"));
    Credentials { cert, key, ..reader }
}

async fn publish(id: &str, version: &str) -> Vec<u8> {
    let document = format!(
        r#"{{"$id": "{id}", "$schema": "http://json-schema.org/draft-07/schema#", "version": "{version}",
  "type": "object", "properties": {{"size": {{"type": "integer"}}}}}}"#
    );
    register(id, document.clone().into_bytes()).await.unwrap();
    document.into_bytes()
}

async fn register(id: &str, data: Vec<u8>) -> Result<(), Refused> {
    let (target, _) = Credentials::from_environment();
    let document = Some(HttpBody { data, ..Default::default() });
    let request = RegisterSchemaRequest { id: id.into(), document, ..Default::default() };
    Client::new(&target, publisher_files()).unwrap().rpc().register_schema(request).await?;
    Ok(())
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), what).await.expect("in 30 s")
}

#[tokio::test]
async fn a_document_comes_byte_for_byte_with_its_version_and_revision() {
    let published = publish("rust_bytes", "1.0.0").await;
    let document = reader().get("rust_bytes", "v1.0.0").await.unwrap();
    assert_eq!(document.raw, published);
    assert_eq!((document.id.as_str(), document.version.as_str()), ("rust_bytes", "1.0.0"));
    assert!(document.revision > 0 && !document.etag.is_empty());
    assert!(document.fingerprint.starts_with("sha256:"));
}

#[tokio::test]
async fn a_version_is_asked_for_once() {
    publish("rust_once", "1.0.0").await;
    let between = Relay::start().await;
    let registry = between.client();
    let first = registry.get("rust_once", "1.0.0").await.unwrap();
    between.close();
    assert!(Arc::ptr_eq(&first, &registry.get("rust_once", "1.0.0").await.unwrap()));
    assert!(registry.get("rust_once", LATEST).await.is_err());
}

#[tokio::test]
async fn the_latest_is_sent_again_only_if_it_changed() {
    publish("rust_latest", "1.0.0").await;
    let registry = reader();
    let first = registry.get("rust_latest", LATEST).await.unwrap();
    assert!(Arc::ptr_eq(&first, &registry.get("rust_latest", "").await.unwrap()));
    publish("rust_latest", "1.0.1").await;
    assert_eq!(registry.get("rust_latest", LATEST).await.unwrap().version, "1.0.1");
}

#[tokio::test]
async fn a_reference_follows_its_line() {
    publish("rust_line", "1.0.0").await;
    let registry = reader();
    let first = registry.get("rust_line", "^1.0").await.unwrap();
    assert!(Arc::ptr_eq(&first, &registry.get("rust_line", "^1.0").await.unwrap()));
    for version in ["2.0.0", "1.1.0", "3.0.0-rc.1"] {
        publish("rust_line", version).await;
    }
    for (reference, version) in
        [("^1.0", "1.1.0"), ("1", "1.1.0"), ("~1.0", "1.0.0"), ("v1.0", "1.0.0"), (LATEST, "2.0.0")]
    {
        assert_eq!(registry.get("rust_line", reference).await.unwrap().version, version);
    }
}

#[tokio::test]
async fn a_watch_tells_which_version_is_the_latest() {
    for version in ["1.0.0", "2.0.0", "1.1.0", "3.0.0-rc.1"] {
        publish("rust_watched_line", version).await;
    }
    let what = Watching { ids: vec!["rust_watched_line".into()], ..Default::default() };
    let mut events = pin!(reader().watch(what));
    let mut latest = vec![];
    while let Some(Ok(Event::Version { version, is_latest, .. })) = events.next().await {
        if is_latest {
            latest.push(version.version);
        }
    }
    assert_eq!(latest, ["2.0.0"]);
}

#[tokio::test]
async fn a_refusal_has_its_code_its_reason_and_near_names() {
    publish("rust_refused", "1.0.0").await;
    let refusal = reader().get("rust_refuse", LATEST).await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::NotFound, "NO_SUCH_SCHEMA"));
    assert!(refusal.metadata["near"].contains("rust_refused"));
}

#[tokio::test]
async fn a_refusal_has_the_pointer_of_the_place_at_fault() {
    let document = br#"{"$id": "rust_pointer", "$schema": "http://example.com/", "version": "1.0.0"}"#;
    let refusal = register("rust_pointer", document.to_vec()).await.unwrap_err();
    assert_eq!((refusal.code, refusal.pointer.as_deref()), (Code::InvalidArgument, Some("/$schema")));
}

#[tokio::test]
async fn a_reader_may_not_publish() {
    let request = RegisterSchemaRequest { id: "rust_reader".into(), ..Default::default() };
    let status = reader().rpc().register_schema(request).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn records_are_judged_by_place_and_rule() {
    publish("rust_records", "1.0.0").await;
    let answer = reader().validate("rust_records", LATEST, *br#"[{"size": 1}, {"size": "1"}]"#).await.unwrap();
    let wrong: Vec<_> = answer.errors.iter().map(|e| (e.index, e.pointer.as_str(), e.rule.as_str())).collect();
    assert_eq!((answer.valid, wrong), (false, vec![(1, "/size", "type")]));
}

#[tokio::test]
async fn a_watch_tells_each_version_once_through_a_cut_connection() {
    publish("rust_watch", "1.0.0").await;
    let between = Relay::start().await;
    let what = Watching { ids: vec!["rust_watch".into()], documents: true, ..Default::default() };
    let mut events = pin!(between.client().watch(what));
    let mut told = Vec::new();
    while told.len() < 3 {
        match soon(events.next()).await.unwrap().unwrap() {
            Event::Progress { .. } if told.len() == 1 => drop(publish("rust_watch", "1.1.0").await),
            Event::Progress { .. } => {}
            Event::Version { kind, version, document, .. } => {
                assert!(String::from_utf8(document).unwrap().contains(&version.version));
                told.push((kind, version.version));
                if told.len() == 2 {
                    between.cut();
                    publish("rust_watch", "1.2.0").await;
                }
            }
        }
    }
    let expected = [(Kind::Snapshot, "1.0.0"), (Kind::Change, "1.1.0"), (Kind::Change, "1.2.0")];
    assert_eq!(told, expected.map(|(kind, version)| (kind, version.to_owned())));
}

#[tokio::test]
async fn a_watch_from_a_revision_that_the_store_has_not_reached_ends() {
    let mut events = pin!(reader().watch(Watching { after_revision: 1 << 40, ..Default::default() }));
    let refusal = soon(events.next()).await.unwrap().unwrap_err();
    assert_eq!(refusal.code, Code::OutOfRange);
    assert!(soon(events.next()).await.is_none());
}

#[tokio::test]
async fn a_watch_of_a_registry_that_is_not_there_ends() {
    let between = Relay::start().await;
    between.close();
    let mut events = pin!(between.client().watch(Watching::default()));
    assert_eq!(soon(events.next()).await.unwrap().unwrap_err().code, Code::Unavailable);
}

#[tokio::test]
async fn a_renewed_certificate_is_used_by_the_next_connection() {
    let between = Relay::start().await;
    let (_, first) = Credentials::from_environment();
    let folder = std::env::temp_dir().join(format!("schemaregistry-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let files = Credentials { cert: folder.join("cert.pem"), key: folder.join("key.pem"), ..first.clone() };
    let place = |from: &Credentials| {
        std::fs::copy(&from.cert, &files.cert).unwrap();
        std::fs::copy(&from.key, &files.key).unwrap();
    };
    place(&first);
    let mut rpc = Client::new(&between.target, files.clone()).unwrap().rpc();
    let before = rpc.who_am_i(WhoAmIRequest {}).await.unwrap().into_inner().identity;
    place(&publisher_files());
    between.cut();
    soon(async {
        while rpc.who_am_i(WhoAmIRequest {}).await.map_or(true, |me| me.into_inner().identity == before) {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn files_that_are_not_credentials_are_named() {
    let (target, files) = Credentials::from_environment();
    let name = files.key.display().to_string();
    let error = Client::new(&target, Credentials { ca: files.key.clone(), ..files }).err().unwrap();
    assert!(error.to_string().contains(&name), "{error}");
}

/// The registry whose watches get a mark of progress every 0.5 s, behind a relay.
async fn quick(keepalive: Keepalive) -> (Relay, Client) {
    let between = Relay::to(var("SCHEMAREGISTRY_QUICK_TARGET").expect("run `make rust-test`")).await;
    let files = Credentials::dev(var("SCHEMAREGISTRY_QUICK_DATA").unwrap(), "reader");
    let client = Client::with_keepalive(&between.target, files, keepalive).unwrap();
    (between, client)
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_watch_that_hears_nothing_goes_on_by_a_new_connection() {
    let (between, client) = quick(Keepalive { idle: HOUR, wait: HOUR }).await;
    let mut events = pin!(client.watch(Watching::default()));
    soon(events.next()).await.unwrap().unwrap();
    between.swallow();
    while between.connections() < 2 {
        soon(events.next()).await.unwrap().unwrap();
    }
    soon(events.next()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_watch_goes_on_once_pings_are_not_answered() {
    let keepalive = Keepalive { idle: Duration::from_millis(100), wait: Duration::from_secs(1) };
    let (between, client) = quick(keepalive).await;
    let mut events = pin!(client.watch(Watching::default()));
    soon(events.next()).await.unwrap().unwrap();
    between.swallow();
    while between.connections() < 2 {
        soon(events.next()).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_idle_connection_that_fell_silent_is_noticed_before_the_next_call() {
    let keepalive = Keepalive { idle: Duration::from_millis(300), wait: Duration::from_secs(1) };
    let (between, client) = quick(keepalive).await;
    client.rpc().who_am_i(WhoAmIRequest {}).await.unwrap();
    between.swallow();
    sleep(Duration::from_secs(2)).await;
    soon(client.rpc().who_am_i(WhoAmIRequest {})).await.unwrap();
    assert!(between.connections() >= 2);
}

#[tokio::test]
async fn what_a_reader_does_between_two_events_is_no_silence() {
    let (between, client) = quick(Keepalive::default()).await;
    let mut events = pin!(client.watch(Watching::default()));
    for _ in 0..3 {
        soon(events.next()).await.unwrap().unwrap();
        sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(between.connections(), 1);
}

#[test]
fn a_vanished_peer_is_noticed_within_forty_seconds() {
    let Keepalive { idle, wait } = Keepalive::default();
    assert_eq!(idle + wait, Duration::from_secs(40));
}

/// A TCP relay to the registry whose connections a test can cut or make silent (open, but nothing arrives).
struct Relay {
    target: String,
    accepting: AbortHandle,
    open: Arc<Mutex<Vec<AbortHandle>>>,
    made: Arc<AtomicUsize>,
    silent: Arc<AtomicUsize>,
}

impl Relay {
    async fn start() -> Self {
        Self::to(Credentials::from_environment().0).await
    }

    async fn to(far: String) -> Self {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let target = format!("localhost:{}", listener.local_addr().unwrap().port());
        let open = Arc::new(Mutex::new(Vec::new()));
        let opened = open.clone();
        let (made, silent) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, hushed) = (made.clone(), silent.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let number = counted.fetch_add(1, SeqCst);
                let (far, hushed) = (far.clone(), hushed.clone());
                let carry = tokio::spawn(async move {
                    let far = TcpStream::connect(far).await.unwrap();
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    join!(pump(near_in, far_out, number, &hushed), pump(far_in, near_out, number, &hushed));
                });
                opened.lock().unwrap().push(carry.abort_handle());
            }
        });
        Self { target, accepting: accepting.abort_handle(), open, made, silent }
    }

    fn swallow(&self) {
        self.silent.store(self.connections(), SeqCst);
    }

    fn connections(&self) -> usize {
        self.made.load(SeqCst)
    }

    fn client(&self) -> Client {
        let (_, files) = Credentials::from_environment();
        Client::new(&self.target, files).unwrap()
    }

    fn cut(&self) {
        self.open.lock().unwrap().drain(..).for_each(|connection| connection.abort());
    }

    fn close(&self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, number: usize, hushed: &AtomicUsize) {
    let mut buffer = vec![0; 1 << 14];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        if number >= hushed.load(SeqCst) && to.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
    if number < hushed.load(SeqCst) {
        std::future::pending::<()>().await;
    }
}
