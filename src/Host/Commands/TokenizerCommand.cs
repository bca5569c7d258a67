using System.CommandLine;
using Neoteny.Host.Runs;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny tokenizer train</c>.</summary>
internal static class TokenizerCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("files") { Description = "JSONL or plain text files to learn from.", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--output") { Description = "The folder to write tokenizer.json and its companions to.", Required = true };
        var size = new Option<int>("--vocabulary") { Description = "Tokens altogether.", DefaultValueFactory = _ => 4096 };
        var length = new Option<int>("--max-length") { Description = "The longest sequence of the model that will use it.", DefaultValueFactory = _ => 2048 };
        var train = new Command("train", "Learns a byte-level BPE tokenizer with a ChatML template.") { files, output, size, length };
        train.SetAction(result =>
        {
            var tokenizer = TokenizerTraining.Run(
                result.GetRequiredValue(files), result.GetRequiredValue(output), result.GetValue(size), result.GetValue(length));
            result.InvocationConfiguration.Output.WriteLine($"{tokenizer.Length} tokens; written to {result.GetRequiredValue(output)}");
            return ExitCode.Success;
        });
        return new Command("tokenizer", "Makes tokenizers.") { train };
    }
}
