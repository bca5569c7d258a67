namespace Neoteny.Plugins.Flash.Cudnn;

/// <summary>A tensor of a graph.</summary>
/// <param name="Descriptor">Its descriptor.</param>
/// <param name="Id">Its number in the variant pack.</param>
/// <param name="Sizes">Four sizes.</param>
/// <param name="Strides">Four strides in elements.</param>
internal sealed record CudnnTensor(CudnnDescriptor Descriptor, long Id, long[] Sizes, long[] Strides);
