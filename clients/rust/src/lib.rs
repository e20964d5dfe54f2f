//! A schema registry's client over mutual TLS: cached reads, validation of records, and watches that resume.
//!
//! [`v1`] has the messages and the other RPCs, generated from the proto.

mod client;
mod credentials;
mod line;
mod refused;
mod token;
mod watch;

pub use client::{Client, Document, LATEST};
pub use credentials::{Credentials, Unsound};
pub use line::{Keepalive, Rpc};
pub use refused::Refused;
pub use token::{Shown, Token};
pub use watch::{Event, Kind, Watching};

#[allow(missing_docs, clippy::all, clippy::pedantic)]
mod stubs {
    pub mod google {
        pub mod api {
            include!("gen/google/api/google.api.rs");
        }
    }
    pub mod schemaregistry {
        pub mod v1 {
            include!("gen/schemaregistry/v1/schemaregistry.v1.rs");
        }
    }
}

pub use stubs::google;
pub use stubs::schemaregistry::v1;
