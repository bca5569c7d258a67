namespace Neoteny.Plugins.Flex.Expressions;

/// <summary>What a part of a program yields.</summary>
internal enum NodeType
{
    /// <summary>A truth value.</summary>
    Truth,

    /// <summary>A 32-bit whole number.</summary>
    Whole,

    /// <summary>An fp32 number.</summary>
    Real,
}
