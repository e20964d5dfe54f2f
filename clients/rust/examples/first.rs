//! A first program with a registry: get a schema, validate a record, watch.

use std::pin::pin;

use futures_util::StreamExt;
use schemaregistry::{Client, Credentials, Event, LATEST, Watching};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (target, files) = Credentials::from_environment();
    let registry = Client::new(&target, files)?;
    let latest = registry.get("ticks_v1", LATEST).await?;
    println!("{} {}", latest.id, latest.version);
    let records = r#"[{"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1.5, "size": "1"}]"#;
    for wrong in registry.validate("ticks_v1", LATEST, records).await?.errors {
        println!("record {}: {} breaks {}", wrong.index, wrong.pointer, wrong.rule);
    }
    let what = Watching { after_revision: latest.revision, ids: vec!["ticks_v1".into()], ..Default::default() };
    match pin!(registry.watch(what)).next().await.transpose()? {
        Some(Event::Version { version, .. }) => println!("{}", version.version),
        Some(Event::Progress { .. }) => println!("progress"),
        None => println!("the watch has ended"),
    }
    Ok(())
}
