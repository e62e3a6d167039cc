//! To come.
use core::net::IpAddr;
/// To come.
#[derive(Clone, Debug, Default)]
pub struct Admission;
impl Admission {
    /// To come.
    pub fn new(_: Vec<ipnet::IpNet>, _: Vec<Vec<u8>>) -> Self {
        Self
    }
    /// To come.
    pub fn allows(&self, _: IpAddr) -> bool {
        true
    }
    /// To come.
    pub fn accepts_community(&self, _: IpAddr, _: &[u8]) -> bool {
        true
    }
}
