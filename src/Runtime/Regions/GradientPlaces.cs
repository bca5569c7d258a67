using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Regions;

/// <summary>Memory for the gradients of parameters, one place for each, which captured work of all shapes writes.</summary>
internal sealed class GradientPlaces : IDisposable
{
    private readonly Dictionary<(Parameter Parameter, ScalarType DType), Tensor> places = [];

    /// <summary>The place of a parameter's gradient in the dtype that it is gathered in.</summary>
    public Tensor Of(Parameter parameter)
    {
        var key = (parameter, parameter.GradientType ?? parameter.DType);
        if (!places.TryGetValue(key, out var place))
            places[key] = place = empty([.. parameter.Shape], dtype: key.Item2, device: parameter.Device).DetachFromDisposeScope();
        return place;
    }

    public void Dispose()
    {
        foreach (var place in places.Values)
            place.Dispose();
        places.Clear();
    }
}
