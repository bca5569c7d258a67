Console.WriteLine("neoteny");
