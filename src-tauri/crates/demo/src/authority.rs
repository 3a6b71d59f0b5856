//! Who signs the certificates of the proxies: the mesh's own authority, and one that only a stray proxy trusts.

use std::time::{Duration, SystemTime};

use base64::Engine;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};

use crate::proxies::Proxy;
use crate::shop::Proxy as Condition;

const HOUR: Duration = Duration::from_secs(3600);

/// One that signs.
struct Signer {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// Both.
pub(crate) struct Authority {
    mesh: Signer,
    stray: Signer,
}

/// What a proxy shows and trusts, each PEM in base64, as Envoy writes them.
pub(crate) struct Papers {
    pub(crate) chain: String,
    pub(crate) roots: String,
}

/// How a certificate's time is set: hours since it began, hours left. A day, renewed at half its time; one was not renewed.
pub(crate) fn times(proxy: &Proxy) -> (u32, u32) {
    if proxy.condition == Condition::Expiring { (23, 1) } else { (6, 18) }
}

impl Authority {
    pub(crate) fn new() -> Result<Self, rcgen::Error> {
        Ok(Self { mesh: Signer::new()?, stray: Signer::new()? })
    }

    pub(crate) fn papers(&self, proxy: &Proxy) -> Result<Papers, rcgen::Error> {
        let signer = if proxy.condition == Condition::Strayed { &self.stray } else { &self.mesh };
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.subject_alt_names = vec![SanType::URI(proxy.principal().try_into()?)];
        let ((since, left), now) = (times(proxy), SystemTime::now());
        params.not_before = (now - HOUR * since).into();
        params.not_after = (now + HOUR * left).into();
        let leaf = params.signed_by(&KeyPair::generate()?, &signer.issuer)?.pem();
        let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        Ok(Papers { chain: encoded(&leaf), roots: encoded(&signer.pem) })
    }
}

impl Signer {
    fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "cluster.local");
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }
}
