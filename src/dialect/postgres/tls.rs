//! TLS as libpq does it: the six values of `sslmode`, the certificate files and their defaults (PostgreSQL manual,
//! 34.19 "SSL Support"), over rustls.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Parameters;
use super::environment::Environment;
use super::settings::unknown_value;

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TlsMode {
    /// Never.
    Disable,
    /// Only where the server insists.
    Allow,
    /// Where the server has it.
    Prefer,
    /// Always.
    Require,
    /// Always, and the certificate has been signed by one of the roots.
    VerifyCa,
    /// And it names the host.
    VerifyFull,
}

/// Which certificates sign the server's.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Roots {
    /// Whatever it is, it will do: there is no root file and the mode does not ask for one.
    Any,
    /// Those that the operating system trusts.
    System,
    /// Those in a file.
    File(PathBuf),
}

/// How a connection is encrypted.
#[derive(Debug, Clone)]
pub(super) struct TlsFiles {
    pub(super) mode: TlsMode,
    roots: Roots,
    /// The client's certificate and its key.
    certificate: Option<(PathBuf, PathBuf)>,
    /// Whether the host is named to the server before encryption begins.
    names_host: bool,
    versions: Vec<&'static SupportedProtocolVersion>,
    /// Whether encryption begins without asking the server first, which needs a name for what is spoken inside.
    is_direct: bool,
}

impl TlsFiles {
    /// Understands the parameters. Files are looked for here and read by [`Self::connector`].
    ///
    /// # Errors
    ///
    /// One sentence that names the parameter.
    pub(super) fn read(parameters: &Parameters, environment: &Environment) -> Result<Self, String> {
        let system = parameters.value("sslrootcert") == Some("system");
        let mode = match parameters.value("sslmode") {
            None if system => TlsMode::VerifyFull,
            None | Some("prefer") => TlsMode::Prefer,
            Some("disable") => TlsMode::Disable,
            Some("allow") => TlsMode::Allow,
            Some("require") => TlsMode::Require,
            Some("verify-ca") => TlsMode::VerifyCa,
            Some("verify-full") => TlsMode::VerifyFull,
            Some(other) => {
                let known = "disable, allow, prefer, require, verify-ca or verify-full";
                return Err(unknown_value("sslmode", other, known));
            }
        };
        if system && mode != TlsMode::VerifyFull {
            // Anyone can have a certificate that a public authority has signed (manual, 34.1.2, `sslrootcert`).
            return Err("`sslrootcert=system` needs `sslmode=verify-full`".to_owned());
        }
        Ok(Self {
            mode,
            roots: roots(mode, parameters, environment)?,
            certificate: client_certificate(parameters, environment)?,
            names_host: parameters.value("sslsni") != Some("0"),
            versions: versions(parameters)?,
            is_direct: parameters.value("sslnegotiation") == Some("direct"),
        })
    }

    /// Reads the files and makes what the driver needs.
    ///
    /// # Errors
    ///
    /// One sentence that names the file.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, String> {
        let provider = Arc::new(ring::default_provider());
        // Fails where it has been done before, by this or another dialect: it is the same provider.
        let _ = ring::default_provider().install_default();
        let verifier = Verifier {
            trusted: self.trusted()?,
            checks_name: self.mode == TlsMode::VerifyFull,
            provider: provider.clone(),
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .map_err(|error| format!("TLS cannot be set up: {error}"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.certificate {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = read_certificates(certificate)?;
                let key = read_key(key)?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    format!(
                        "the client certificate {} cannot be used: {error}",
                        certificate.display()
                    )
                })?
            }
        };
        config.enable_sni = self.names_host;
        if self.is_direct {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(MakeRustlsConnect::new(config))
    }

    /// What to say where the handshake fails.
    pub(super) fn explain(&self, text: &str) -> String {
        if text.contains("UnsupportedCertVersion") {
            "the server's certificate has X.509 version 1, which is not supported: have it made again with version 3 \
             (for `openssl x509 -req`, with an -extfile)"
                .to_owned()
        } else {
            format!(
                "{text} (the server's certificate is checked against {})",
                self.roots_named()
            )
        }
    }

    fn roots_named(&self) -> String {
        match &self.roots {
            Roots::Any => "any certificate".to_owned(),
            Roots::System => "the certificates that this system trusts".to_owned(),
            Roots::File(file) => file.display().to_string(),
        }
    }

    fn trusted(&self) -> Result<Option<Trusted>, String> {
        let certificates = match &self.roots {
            Roots::Any => return Ok(None),
            Roots::File(file) => read_certificates(file)?,
            Roots::System => rustls_native_certs::load_native_certs().certs,
        };
        let mut roots = RootCertStore::empty();
        let (usable, _) = roots.add_parsable_certificates(certificates.iter().cloned());
        if usable == 0 {
            return Err(format!("{} hold no certificate that can be used", self.roots_named()));
        }
        // A public authority's own certificate is no server's.
        let pinned = if self.roots == Roots::System {
            Vec::new()
        } else {
            certificates
        };
        Ok(Some(Trusted { roots, pinned }))
    }
}

fn roots(mode: TlsMode, parameters: &Parameters, environment: &Environment) -> Result<Roots, String> {
    let named = parameters.value("sslrootcert");
    if mode == TlsMode::Disable {
        return Ok(Roots::Any);
    }
    if named == Some("system") {
        return Ok(Roots::System);
    }
    let file = named.map(PathBuf::from).or_else(|| environment.user_file("root.crt"));
    match file {
        Some(file) if file.exists() => Ok(Roots::File(file)),
        Some(file) if named.is_some() => Err(format!("`sslrootcert` names {}, which does not exist", file.display())),
        _ if mode >= TlsMode::VerifyCa => Err(
            "`sslmode` asks to verify the server's certificate, and there is no root certificate to do it with: add \
             sslrootcert=FILE, or sslrootcert=system"
                .to_owned(),
        ),
        _ => Ok(Roots::Any),
    }
}

fn client_certificate(
    parameters: &Parameters,
    environment: &Environment,
) -> Result<Option<(PathBuf, PathBuf)>, String> {
    let required = match parameters.value("sslcertmode") {
        Some("disable") => return Ok(None),
        None | Some("allow") => false,
        Some("require") => true,
        Some(other) => return Err(unknown_value("sslcertmode", other, "disable, allow or require")),
    };
    let path = |keyword, default| {
        let named = parameters.value(keyword).map(PathBuf::from);
        (named.is_some(), named.or_else(|| environment.user_file(default)))
    };
    let (named, certificate) = path("sslcert", "postgresql.crt");
    let Some(certificate) = certificate.filter(|file| named || file.exists()) else {
        return if required {
            Err("`sslcertmode=require` needs a certificate: add sslcert=FILE and sslkey=FILE".to_owned())
        } else {
            Ok(None)
        };
    };
    let (_, key) = path("sslkey", "postgresql.key");
    let key = key.ok_or("`sslcert` needs `sslkey` too")?;
    Ok(Some((certificate, key)))
}

fn versions(parameters: &Parameters) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    const NAMES: [&str; 4] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
    let position = |keyword, default: usize| match parameters.value(keyword) {
        None => Ok(default),
        Some(name) => NAMES
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name))
            .ok_or_else(|| unknown_value(keyword, name, &NAMES.join(", "))),
    };
    let lowest = position("ssl_min_protocol_version", 2)?;
    let highest = position("ssl_max_protocol_version", 3)?;
    let supported = [(2, &rustls::version::TLS12), (3, &rustls::version::TLS13)];
    let versions: Vec<_> = supported
        .into_iter()
        .filter(|(at, _)| (lowest..=highest).contains(at))
        .map(|(_, version)| version)
        .collect();
    if versions.is_empty() {
        return Err(
            "no TLS version is left between `ssl_min_protocol_version` and `ssl_max_protocol_version`: \
                    TLSv1.2 and TLSv1.3 are supported"
                .to_owned(),
        );
    }
    Ok(versions)
}

fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| format!("the certificate file {} cannot be read: {error}", file.display()))?;
    if certificates.is_empty() {
        return Err(format!(
            "the certificate file {} holds no certificate in PEM form",
            file.display()
        ));
    }
    Ok(certificates)
}

fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let metadata =
        fs::metadata(file).map_err(|error| format!("the private key {} cannot be read: {error}", file.display()))?;
    if !key_is_private(&metadata) {
        return Err(format!(
            "the private key {} may be read by its group or others; run `chmod 600` on it",
            file.display()
        ));
    }
    PrivateKeyDer::from_pem_file(file).map_err(|_| {
        format!(
            "the private key {} is not an unencrypted key in PEM form",
            file.display()
        )
    })
}

/// libpq's condition: the owner's alone, or root's and readable by a group (manual, 34.19.2).
fn key_is_private(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
        metadata.mode() & forbidden == 0
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        true
    }
}

/// Judges the server's certificate.
#[derive(Debug)]
struct Verifier {
    /// `None`: it is not judged.
    trusted: Option<Trusted>,
    checks_name: bool,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
struct Trusted {
    roots: RootCertStore,
    /// A self-signed server certificate is often its own root file, which libpq accepts and rustls by itself does not.
    pinned: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(trusted) = &self.trusted {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            if !trusted.pinned.iter().any(|pinned| pinned == end_entity) {
                verify_server_cert_signed_by_trust_anchor(
                    &certificate,
                    &trusted.roots,
                    intermediates,
                    now,
                    self.provider.signature_verification_algorithms.all,
                )?;
            }
            if self.checks_name {
                verify_server_name(&certificate, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::address::parse;
    use super::super::environment::Environment;
    use super::{Roots, TlsFiles, TlsMode};

    fn read(address: &str, environment: &Environment) -> Result<TlsFiles, String> {
        TlsFiles::read(&parse(address).expect("valid"), environment)
    }

    #[test]
    fn modes_and_roots() {
        let home = tempfile::tempdir().expect("a folder");
        let bare = Environment::of_test(&[], Some(home.path()));
        let files = read("host=h", &bare).expect("fine");
        assert_eq!((files.mode, files.roots), (TlsMode::Prefer, Roots::Any));
        let files = read("sslmode=require", &bare).expect("fine");
        assert_eq!((files.mode, files.roots), (TlsMode::Require, Roots::Any));
        let files = read("sslrootcert=system", &bare).expect("fine");
        assert_eq!((files.mode, files.roots), (TlsMode::VerifyFull, Roots::System));

        for (address, part) in [
            ("sslmode=no-verify", "`sslmode` is `no-verify`"),
            ("sslmode=verify-ca", "sslrootcert=FILE"),
            ("sslmode=require sslrootcert=/nowhere/root.crt", "does not exist"),
            ("sslmode=require sslrootcert=system", "verify-full"),
            ("ssl_max_protocol_version=TLSv1.1", "no TLS version is left"),
            ("sslcertmode=require", "sslcert=FILE"),
        ] {
            let reason = read(address, &bare).expect_err(address);
            assert!(reason.contains(part), "{address}: {reason}");
        }
    }

    #[test]
    fn a_root_file_in_the_home_folder_is_used_also_for_require() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join(".postgresql");
        fs::create_dir(&folder).expect("made");
        let root = folder.join("root.crt");
        fs::write(&root, "no certificate").expect("written");
        let environment = Environment::of_test(&[], Some(home.path()));
        let files = read("sslmode=require", &environment).expect("fine");
        assert_eq!(files.roots, Roots::File(root));
        let reason = files.connector().err().expect("the file is empty");
        assert!(reason.contains("holds no certificate"), "{reason}");
    }
}
