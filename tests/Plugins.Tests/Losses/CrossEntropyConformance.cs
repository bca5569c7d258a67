using Neoteny.Conformance.Xunit;
using Neoteny.Losses;
using Neoteny.Plugins.CrossEntropy;

namespace Neoteny.Plugins.Tests.Losses;

public sealed class CrossEntropyConformance : LossConformance
{
    protected override ILoss Create() => new CrossEntropyLoss();
}
