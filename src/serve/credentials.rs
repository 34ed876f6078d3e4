//! Everything by which the server knows others and is known: read from files, and again when they change. What is bad is
//! told, and what was good before goes on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use time::OffsetDateTime;

use super::ServeError;
use super::tls::{Identity, Presented};
use super::token::Tokens;
use crate::disk::{Stamp, read};
use crate::x509::Certificate;

/// Where it is.
#[derive(Clone, Debug)]
pub struct Places {
    /// The server's own certificate and key.
    pub identity: Identity,
    /// The CAs whose client certificates count.
    pub authorities: PathBuf,
    /// The Secrets of bootstrap tokens.
    pub tokens: Option<PathBuf>,
}

/// What was read.
#[derive(Debug)]
pub struct Current {
    /// Which reading this is: what was judged by another is judged again.
    pub generation: u64,
    /// The CAs.
    pub authorities: Vec<Certificate>,
    /// The tokens.
    pub tokens: Tokens,
    /// How connections are accepted.
    pub tls: Arc<ServerConfig>,
    /// When the server's certificate ends.
    pub not_after: OffsetDateTime,
    /// The server's certificate.
    pub certificate: Certificate,
}

/// The credentials.
#[derive(Debug)]
pub struct Credentials {
    places: Places,
    current: RwLock<Arc<Current>>,
    stamps: RwLock<Vec<Option<Stamp>>>,
}

impl Credentials {
    /// Reads everything. What is passed over in a file of tokens is told to `warn`.
    ///
    /// # Errors
    /// When a file cannot be used.
    pub fn read(places: Places, warn: &mut dyn FnMut(String)) -> Result<Self, ServeError> {
        let stamps = places.stamps();
        let current = places.read(0, warn)?;
        Ok(Self { places, current: RwLock::new(Arc::new(current)), stamps: RwLock::new(stamps) })
    }

    /// What was read last.
    #[must_use]
    pub fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads again what has changed, and says whether something has.
    ///
    /// # Errors
    /// When a file cannot be used: then everything is as it was.
    pub fn refresh(&self, warn: &mut dyn FnMut(String)) -> Result<bool, ServeError> {
        let stamps = self.places.stamps();
        let mut known = self.stamps.write().unwrap_or_else(PoisonError::into_inner);
        if *known == stamps {
            return Ok(false);
        }
        // Also where it is bad: it is told once.
        *known = stamps;
        let next = self.places.read(self.current().generation + 1, warn)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(true)
    }
}

impl Places {
    fn stamps(&self) -> Vec<Option<Stamp>> {
        let own = [&self.identity.certificate, &self.identity.key, &self.authorities];
        own.into_iter().chain(&self.tokens).map(|path| Stamp::at(path)).collect()
    }

    fn read(&self, generation: u64, warn: &mut dyn FnMut(String)) -> Result<Current, ServeError> {
        let bytes =
            |path: &Path| read::bytes(path).map_err(|error| ServeError::file(path, error.to_string()));
        let authorities = Certificate::all_from_pem(&bytes(&self.authorities)?.bytes)
            .map_err(|error| ServeError::file(&self.authorities, error.to_string()))?;
        if authorities.is_empty() {
            return Err(ServeError::file(&self.authorities, "has no certificate".to_owned()));
        }
        let tokens = match &self.tokens {
            None => Tokens::default(),
            Some(path) => {
                let bytes = bytes(path)?;
                let text = std::str::from_utf8(&bytes.bytes)
                    .map_err(|_| ServeError::file(path, "is not UTF-8 text".to_owned()))?;
                let (tokens, problems) =
                    Tokens::read(text).map_err(|problem| ServeError::file(path, problem))?;
                for problem in problems {
                    warn(format!("{}: {problem}", path.display()));
                }
                tokens
            }
        };
        let Presented { certificate, config: tls } = self.identity.read(&authorities)?;
        let not_after = certificate.not_after;
        Ok(Current { generation, authorities, tokens, tls, not_after, certificate })
    }
}
