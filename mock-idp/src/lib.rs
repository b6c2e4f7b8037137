//! The identity provider: Microsoft Entra ID on the wire
