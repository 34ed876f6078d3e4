//! TLS: the server's certificate, and asking clients for theirs.
//!
//! A client's certificate is not judged here, but when it asks for something: one that has ended is answered with 401, as
//! kube-apiserver does, and not with an alert. Kubelets take the one for an answer and the other for a dead server. That
//! the client has the key is checked here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};

use super::ServeError;
use crate::disk::read;
use crate::x509::{Certificate, PrivateKey, pem};

/// Where the server's certificate and key are.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate, and those of CAs between it and the root.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// What the server's certificate says.
#[derive(Debug)]
pub struct Presented {
    /// The certificate.
    pub certificate: Certificate,
    /// What it is presented with.
    pub config: Arc<ServerConfig>,
}

impl Identity {
    /// Reads the pair and makes what connections are accepted with. `authorities` are named to clients as those whose
    /// certificates count.
    ///
    /// # Errors
    /// When a file cannot be read, or the key is another's.
    pub fn read(&self, authorities: &[Certificate]) -> Result<Presented, ServeError> {
        let bytes =
            |path: &Path| read::bytes(path).map_err(|error| ServeError::file(path, error.to_string()));
        let chain = Certificate::all_from_pem(&bytes(&self.certificate)?.bytes)
            .map_err(|error| ServeError::file(&self.certificate, error.to_string()))?;
        let key = PrivateKey::from_pem(&bytes(&self.key)?.bytes)
            .map_err(|error| ServeError::file(&self.key, error.to_string()))?;
        let Some(first) = chain.first() else {
            return Err(ServeError::file(&self.certificate, "has no certificate".to_owned()));
        };
        if first.public_key != *key.public_key() {
            let problem = format!("does not belong to {}", self.certificate.display());
            return Err(ServeError::file(&self.key, problem));
        }
        let ders = chain.iter().map(|one| CertificateDer::from(one.as_der().to_vec())).collect();
        let config = config(ders, &key, authorities)
            .map_err(|error| ServeError::file(&self.certificate, format!("cannot be presented: {error}")))?;
        let certificate = chain.into_iter().next();
        let missing = || ServeError::file(&self.certificate, "has no certificate".to_owned());
        Ok(Presented { certificate: certificate.ok_or_else(missing)?, config: Arc::new(config) })
    }
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: &PrivateKey,
    authorities: &[Certificate],
) -> Result<ServerConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let general = |error: String| Error::General(error);
    let text = key.to_pem().map_err(|error| general(error.to_string()))?;
    let unreadable = || general("its key cannot be read".to_owned());
    let block = pem::first_block(text.as_bytes()).ok_or_else(unreadable)?;
    let key = PrivateKeyDer::try_from(block.contents.to_vec()).map_err(|_| unreadable())?;
    let hints = authorities.iter().map(|ca| DistinguishedName::from(ca.subject.as_der().to_vec())).collect();
    let verifier = Arc::new(Asks { hints, provider: Arc::clone(&provider) });
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Asks for a certificate, takes none for an answer, and lets any pass whose key the client has.
#[derive(Debug)]
struct Asks {
    hints: Vec<DistinguishedName>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Asks {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
