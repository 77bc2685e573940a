//! Relations and a connection → what the rows say, in parallel. Never decides whether something is a fault: that is
//! for the rules.

mod facts;

pub use facts::{
    Check, CycleCounts, CycleProbe, Duplicates, PolymorphicProbe, PolymorphicValue, Probes, RelationCounts,
    RelationProbe, Sample, TenantCounts, TenantProbe,
};
