//! RV: revocation.

super::rules![revoked, poor_list,];
