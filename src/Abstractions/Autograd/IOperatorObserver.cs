namespace Neoteny.Autograd;

/// <summary>Hears every operator that a tape runs, such as to measure what each takes. Called on the compute thread.</summary>
public interface IOperatorObserver
{
    /// <summary>An operator is about to run.</summary>
    /// <param name="operator">The operator.</param>
    /// <param name="isBackward">Whether its backward runs; else forward, of a replay too.</param>
    void Before(Operator @operator, bool isBackward);

    /// <summary>The same operator has returned; a device may still be at it.</summary>
    /// <param name="operator">The operator.</param>
    /// <param name="isBackward">Whether its backward ran.</param>
    void After(Operator @operator, bool isBackward);
}
