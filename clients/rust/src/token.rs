//! The token that each call shows beside the client's certificate: from a file, or from the caller's own function.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::fs::{File, metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tonic::metadata::AsciiMetadataValue;
use tonic::service::Interceptor;
use tonic::{Code, Request, Status};
use tonic_types::{ErrorDetails, StatusExt};

type Provided = Result<String, Box<dyn Error + Send + Sync>>;

/// The size of the largest token that the registry takes.
const MOST_BYTES: usize = 8 << 10;

/// Where a client's tokens come from. It is asked before each call and each connection of a watch, so a renewed token is
/// used by the next one.
#[derive(Clone)]
pub struct Token(Source);

#[derive(Clone)]
enum Source {
    File(PathBuf),
    Function(Arc<dyn Fn() -> Provided + Send + Sync>),
}

impl Token {
    /// The token in a file, which is read each time; white space around it doesn't count.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// The tokens of a function. It is called within calls, so it must not wait: renew the token in a task of its own. A
    /// [`Status`] that it fails with is the call's.
    pub fn provider(function: impl Fn() -> Provided + Send + Sync + 'static) -> Self {
        Self(Source::Function(Arc::new(function)))
    }

    fn get(&self) -> Result<String, Status> {
        match &self.0 {
            Source::File(path) => in_file(path).map_err(|what| {
                let path = path.display();
                let message = format!(
                    "the token file {path} {what}: write a token there by `schemaregistry login --token-file {path}`"
                );
                missing("TOKEN_FILE", message)
            }),
            Source::Function(function) => {
                let token = function().map_err(|error| match error.downcast::<Status>() {
                    Ok(status) => *status,
                    Err(other) => missing("TOKEN_PROVIDER", format!("the token provider failed: {other}")),
                })?;
                if is_token(&token) {
                    return Ok(token);
                }
                let message = "the token provider returned no token: it has to return one, without `Bearer`";
                Err(missing("TOKEN_PROVIDER", message))
            }
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::File(path) => out.debug_tuple("Token::file").field(path).finish(),
            Source::Function(_) => out.write_str("Token::provider"),
        }
    }
}

/// Puts the token, if there is one, into the headers of each call. A client's channel is always one of TLS, so a token is
/// never sent in the clear.
#[derive(Clone, Debug)]
pub struct Shown(pub(crate) Option<Token>);

impl Interceptor for Shown {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            let mut value = AsciiMetadataValue::try_from(format!("Bearer {}", token.get()?))
                .map_err(|_| missing("TOKEN_PROVIDER", "the token can't be sent"))?;
            // Keeps it out of debug output, and out of HTTP/2's table of headers.
            value.set_sensitive(true);
            request.metadata_mut().insert("authorization", value);
        }
        Ok(request)
    }
}

fn in_file(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("can't be read ({error})");
    // A FIFO would block until it has a writer, and could be read for one call alone.
    if !metadata(path).map_err(unreadable)?.is_file() {
        return Err("is no regular file".into());
    }
    let mut data = Vec::new();
    let most = u64::try_from(MOST_BYTES + 3).unwrap_or(u64::MAX);
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut data)).map_err(unreadable)?;
    let text = String::from_utf8_lossy(&data);
    match text.trim() {
        "" => Err("is empty".into()),
        token if is_token(token) => Ok(token.to_owned()),
        _ => Err("has no token: one word of letters, digits and -._~+/ is expected".into()),
    }
}

/// Whether a text has the form of RFC 6750, section 2.1: nothing that could end the header.
fn is_token(text: &str) -> bool {
    let word = text.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    text.len() <= MOST_BYTES && !word.is_empty() && word.bytes().all(allowed)
}

fn missing(reason: &str, message: impl Into<String>) -> Status {
    let details = ErrorDetails::with_error_info(reason, "schemaregistry", HashMap::new());
    Status::with_error_details(Code::Unauthenticated, message, details)
}
