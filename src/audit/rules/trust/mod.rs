//! TR: who trusts whom.

super::rules![wrong_issuer,];
