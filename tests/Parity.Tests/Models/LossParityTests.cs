using Neoteny.Autograd;
using Neoteny.Losses;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Models;

/// <summary>Every loss gives the models of the fixtures what the plain one gives them.</summary>
public class LossParityTests
{
    private static readonly double Tolerance = TestDevice.IsCuda ? 1e-4 : 1e-5;

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in FixtureFolders.Names("models"))
        {
            foreach (var loss in ShippedLosses.Names.Skip(1))
                data.Add(name, loss);
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Loss_and_gradients_are_those_of_the_plain_loss(string name, string loss)
    {
        using var scope = NewDisposeScope();
        using var fixture = ModelCase.Open(name);
        var (expected, expectedGradients) = Run(fixture, new CrossEntropyLoss());
        var (actual, gradients) = Run(fixture, ShippedLosses.Make(loss));
        Assert.Equal(expected, actual, Tolerance);
        Assert.Equal(expectedGradients.Keys, gradients.Keys);
        foreach (var (path, gradient) in gradients)
        {
            var norm = Math.Max(1e-3, expectedGradients[path].norm().item<float>());
            Assert.True(gradient.sub(expectedGradients[path]).norm().item<float>() <= Tolerance * norm, path);
        }
    }

    private static (float Loss, Dictionary<string, Tensor> Gradients) Run(ModelCase fixture, ILoss loss)
    {
        using var batch = fixture.Batch("packed");
        foreach (var parameter in fixture.Model.BaseParameters)
            parameter.Trains = true;
        using var tape = new Tape();
        var losses = fixture.Model.ComputeLosses(tape, batch, loss, 1.0 / batch.TrainedTokens);
        var value = losses.Loss.Tensor.item<float>();
        losses.AddTo(tape);
        tape.Backward();
        var gradients = fixture.Model.BaseParameters.Where(p => p.Gradient is not null).ToDictionary(p => p.Path, p => p.Gradient!.to(ScalarType.Float32, copy: true));
        foreach (var parameter in fixture.Model.BaseParameters)
            parameter.SetGradient(null);
        return (value, gradients);
    }
}
