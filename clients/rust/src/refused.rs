//! [`Refused`]: the error of a call, read from its gRPC status.

use std::collections::HashMap;
use std::fmt;

use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::v1::Verdict;

/// The registry's refusal, or `Code::Unavailable` where it could not be reached.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The canonical code.
    pub code: Code,
    /// What is wrong, and what to do.
    pub message: String,
    /// A stable `UPPER_SNAKE` name, empty where the registry was not reached.
    pub reason: String,
    /// The JSON pointer (RFC 6901) to the fault in the document, where it is at a single place.
    pub pointer: Option<String>,
    /// Further values by name: near names, fingerprints.
    pub metadata: HashMap<String, String>,
    /// The verdict on a version that was refused as incompatible.
    pub verdict: Option<Box<Verdict>>,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} {}: {}", self.code, self.reason, self.message)
    }
}

impl std::error::Error for Refused {}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let violation = details.bad_request().and_then(|request| request.field_violations.first());
        Self {
            code: status.code(),
            message: status.message().into(),
            reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
            pointer: violation.map(|violation| violation.field.clone()),
            metadata: info.map(|info| info.metadata.clone()).unwrap_or_default(),
            verdict: verdict(&status).map(Box::new),
        }
    }
}

fn verdict(status: &Status) -> Option<Verdict> {
    let rich = tonic_types::pb::Status::decode(status.details()).ok()?;
    let packed = rich.details.iter().find(|detail| detail.type_url.ends_with("/schemaregistry.v1.Verdict"))?;
    Verdict::decode(packed.value.as_slice()).ok()
}
