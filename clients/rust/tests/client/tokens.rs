//! Tokens that a client shows, with a registry that takes those in the files of a folder.

use std::env::{temp_dir, var};
use std::fs::{create_dir_all, read_to_string, write};
use std::path::PathBuf;
use std::pin::pin;
use std::process::id;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_util::StreamExt;
use schemaregistry::v1::WhoAmIRequest;
use schemaregistry::{Client, Credentials, LATEST, Refused, Token, Watching};
use tonic::{Code, Status};

use super::soon;

const WORDS: &str = "SECRET\r\nx-role: root";

fn file(name: &str) -> PathBuf {
    PathBuf::from(var("SCHEMAREGISTRY_QUICK_TOKENS").expect("run `make rust-test`")).join(name)
}

fn client(token: Token) -> Client {
    let target = var("SCHEMAREGISTRY_QUICK_TARGET").expect("run `make rust-test`");
    let files = Credentials::dev(var("SCHEMAREGISTRY_QUICK_DATA").unwrap(), "reader");
    Client::new(&target, Credentials { token: Some(token), ..files }).unwrap()
}

async fn published(client: &Client) -> Vec<String> {
    client.rpc().who_am_i(WhoAmIRequest {}).await.unwrap().into_inner().publish_ids
}

async fn failure(token: Token) -> Refused {
    client(token).get("none", LATEST).await.unwrap_err()
}

#[tokio::test]
async fn the_token_in_a_file_gives_its_rights() {
    assert_eq!(published(&client(Token::file(file("ticks")))).await, ["ticks_*"]);
}

#[tokio::test]
async fn the_next_call_and_each_connection_of_a_watch_shows_the_next_token() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let client = client(Token::provider(move || {
        let name = ["ticks", "quotes"][counted.fetch_add(1, SeqCst) % 2];
        Ok(read_to_string(file(name))?.trim().to_owned())
    }));
    assert_eq!(published(&client).await, ["ticks_*"]);
    assert_eq!(published(&client).await, ["quotes_*"]);
    let mut events = pin!(client.watch(Watching::default()));
    soon(events.next()).await.unwrap().unwrap();
    assert_eq!(asked.load(SeqCst), 3);
}

#[tokio::test]
async fn a_refused_token_ends_a_watch_and_is_not_repeated() {
    let client = client(Token::provider(|| Ok("no.signed.token".into())));
    let mut events = pin!(client.watch(Watching::default()));
    let refused = soon(events.next()).await.unwrap().unwrap_err();
    assert_eq!(refused.code, Code::Unauthenticated);
    assert!(!refused.to_string().contains("no.signed.token"));
    assert!(soon(events.next()).await.is_none());
}

#[tokio::test]
async fn a_file_without_a_token_is_named() {
    let folder = temp_dir().join(format!("schemaregistry-token-{}", id()));
    create_dir_all(&folder).unwrap();
    write(folder.join("empty"), " \n").unwrap();
    write(folder.join("words"), "SECRET words").unwrap();
    for name in ["none", "empty", "words", ""] {
        let path = folder.join(name);
        let refused = failure(Token::file(&path)).await;
        assert_eq!((refused.code, refused.reason.as_str()), (Code::Unauthenticated, "TOKEN_FILE"));
        assert!(refused.message.contains(&path.display().to_string()), "{refused}");
        assert!(!refused.message.contains("SECRET"), "{refused}");
    }
}

#[tokio::test]
async fn a_function_without_a_token_is_an_error() {
    for token in [Token::provider(|| Err("away".into())), Token::provider(|| Ok(WORDS.into()))] {
        let refused = failure(token).await;
        assert_eq!((refused.code, refused.reason.as_str()), (Code::Unauthenticated, "TOKEN_PROVIDER"));
        assert!(!refused.message.contains("SECRET"), "{refused}");
    }
    let late = Token::provider(|| Err(Status::deadline_exceeded("the exchanger is slow").into()));
    assert_eq!(failure(late).await.message, "the exchanger is slow");
}

#[tokio::test]
async fn debug_output_has_no_token() {
    let files = Credentials { token: Some(Token::provider(|| Ok("SECRET".into()))), ..Credentials::dev("a", "b") };
    assert!(format!("{files:?}").contains("Token::provider"));
}
