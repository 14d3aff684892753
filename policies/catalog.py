"""The policies that come with the package, by name. Adding one is adding a line."""

POLICIES = {
    "expert": "armtrial.policies.expert:Expert",
    "rynnvla": "armtrial.policies.rynnvla.policy:RynnVla",
    "expert+vae": "armtrial.policies.rynnvla.autoencoded:Autoencoded",
    "toy": "armtrial.policies.toy:Toy",
    "blind": "armtrial.policies.toy:Blind",
    "hold": "armtrial.policies.baselines:Hold",
    "random": "armtrial.policies.baselines:Random",
    "replay": "armtrial.policies.baselines:Replay",
}
