//! A client's three PEM files and its token: where they are, and reading the files.

use std::env::var;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::token::Token;

/// The paths of the registry's CA, of this client's certificate chain and of its unencrypted private key, all PEM; and
/// maybe a token, whose rights count then.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The CA that signed the registry's certificate.
    pub ca: PathBuf,
    /// This client's certificate chain.
    pub cert: PathBuf,
    /// The certificate's private key, unencrypted.
    pub key: PathBuf,
    /// The token to show beside the certificate.
    pub token: Option<Token>,
}

/// Files can't be used as credentials; the message names the file.
#[derive(Debug)]
pub struct Unsound(String);

impl fmt::Display for Unsound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Unsound {}

impl Unsound {
    pub(crate) fn target(target: &str) -> Self {
        Self(format!("{target:?} is not HOST:PORT, such as localhost:50051"))
    }
}

impl Credentials {
    /// The files that `schemaregistry serve --dev` made in its data directory `data` for `reader` or `ci-bot`.
    pub fn dev(data: impl AsRef<Path>, identity: &str) -> Self {
        let file = |name: String| data.as_ref().join("tls").join(name);
        Self {
            ca: file("ca.pem".into()),
            cert: file(format!("{identity}.pem")),
            key: file(format!("{identity}-key.pem")),
            token: None,
        }
    }

    /// The target in `SCHEMAREGISTRY_TARGET` and the files in `SCHEMAREGISTRY_CA`, `_CERT`, `_KEY` and `_TOKEN_FILE`. The
    /// defaults are `localhost:50051`, the reader's dev files in `SCHEMAREGISTRY_DATA` or `.data`, and no token.
    #[must_use]
    pub fn from_environment() -> (String, Self) {
        let dev = Self::dev(var("SCHEMAREGISTRY_DATA").unwrap_or_else(|_| ".data".into()), "reader");
        let told = |name: &str, otherwise: PathBuf| var(name).map_or(otherwise, PathBuf::from);
        let files = Self {
            ca: told("SCHEMAREGISTRY_CA", dev.ca),
            cert: told("SCHEMAREGISTRY_CERT", dev.cert),
            key: told("SCHEMAREGISTRY_KEY", dev.key),
            token: var("SCHEMAREGISTRY_TOKEN_FILE").ok().filter(|path| !path.is_empty()).map(Token::file),
        };
        (var("SCHEMAREGISTRY_TARGET").unwrap_or_else(|_| "localhost:50051".into()), files)
    }

    /// A client's TLS configuration from the files as they are now.
    pub(crate) fn tls(&self) -> Result<ClientConfig, Unsound> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.ca)? {
            roots.add(certificate).map_err(|error| unsound(&self.ca, "is not a CA's certificate", &error))?;
        }
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| unsound(&self.key, "is not a private key in PEM", &error))?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unsound(&self.cert, "can't be used", &error))?
            .with_root_certificates(roots)
            .with_client_auth_cert(certificates(&self.cert)?, key)
            .map_err(|error| unsound(&self.cert, "is not the key's certificate", &error))?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Unsound> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| unsound(path, "can't be read", &error))?;
    if found.is_empty() {
        return Err(Unsound(format!("{} holds no PEM certificate", path.display())));
    }
    Ok(found)
}

fn unsound(path: &Path, what: &str, error: &dyn fmt::Display) -> Unsound {
    Unsound(format!("{} {what}: {error}", path.display()))
}
