//! X5: certificates as RFC 5280 wants them in a private PKI.

super::rules![not_an_authority,];
