//! Halt on the first record that no longer conforms: validate RECORDS.json (an array) against the latest version of a
//! schema, and again against each new version, until a record is invalid.
//!
//!     cargo run --example halt ID RECORDS.json

use std::error::Error;
use std::pin::pin;
use std::process::ExitCode;

use futures_util::StreamExt;
use schemaregistry::{Client, Credentials, Event, Kind, LATEST, Refused, Watching};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [id, path] = arguments.as_slice() else {
        eprintln!("usage: halt ID RECORDS.json");
        return ExitCode::from(2);
    };
    match halt(id, path).await {
        Ok(()) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
    }
}

/// Returns once a record does not conform.
async fn halt(id: &str, path: &str) -> Result<(), Box<dyn Error>> {
    let records = std::fs::read(path)?;
    let (target, files) = Credentials::from_environment();
    let registry = Client::new(&target, files)?;

    let latest = registry.get(id, LATEST).await?;
    println!("fetched {id} {}, {} bytes", latest.version, latest.raw.len());
    if !conform(&registry, id, &latest.version, &records).await? {
        return Ok(());
    }
    println!("watching");
    let what = Watching { after_revision: latest.revision, ids: vec![id.into()], ..Default::default() };
    let mut events = pin!(registry.watch(what));
    while let Some(event) = events.next().await {
        let Event::Version { kind: Kind::Snapshot | Kind::Change, version, is_latest: true, .. } = event? else {
            continue;
        };
        println!("published {id} {}", version.version);
        if !conform(&registry, id, &version.version, &records).await? {
            break;
        }
    }
    Ok(())
}

async fn conform(registry: &Client, id: &str, version: &str, records: &[u8]) -> Result<bool, Refused> {
    let answer = registry.validate(id, version, records).await?;
    if answer.valid {
        println!("the records conform to {id} {version}");
        return Ok(true);
    }
    for wrong in &answer.errors {
        println!("record {}: {} breaks {}", wrong.index, wrong.pointer, wrong.rule);
    }
    println!("halted: the records do not conform to {id} {version}");
    Ok(false)
}
