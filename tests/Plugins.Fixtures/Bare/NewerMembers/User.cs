namespace Neoteny.Plugins.NewerMembers;

/// <summary>Uses what a newer version of the contracts has.</summary>
public static class User
{
    /// <summary>Touches a new type, a new method and a new field.</summary>
    public static string Use() => InputException.Describe(InputException.Answer, []) + new Novelty() + new InputException().Message;
}
