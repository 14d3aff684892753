"""The policies that come with the package, by name. Adding one is adding a line."""

POLICIES = {
    "expert": "armtrial.policies.experts:expert",
    "rynnvla": "armtrial.policies.rynnvla.policy:RynnVla",
    "expert+vae": "armtrial.policies.rynnvla.autoencoded:Autoencoded",
    "openpi": "armtrial.policies.remote.openpi:OpenPi",
    "groot-server": "armtrial.policies.remote.groot_server:GrootServer",
    "http-act": "armtrial.policies.remote.http_act:HttpAct",
    "vla-eval": "armtrial.policies.remote.vla_eval:VlaEval",
    "lerobot": "armtrial.policies.lerobot.policy:LeRobot",
    "act": "armtrial.policies.lerobot.policy:Act",
    "smolvla": "armtrial.policies.lerobot.policy:SmolVla",
    "pi0": "armtrial.policies.lerobot.policy:Pi0",
    "pi05": "armtrial.policies.lerobot.policy:Pi05",
    "groot": "armtrial.policies.lerobot.policy:Groot",
    "toy": "armtrial.policies.toy:Toy",
    "blind": "armtrial.policies.toy:Blind",
    "hold": "armtrial.policies.baselines:Hold",
    "random": "armtrial.policies.baselines:Random",
    "replay": "armtrial.policies.baselines:Replay",
}

WRAPPERS = {
    "clip": "armtrial.policies.wrappers.clip:Clip",
    "delay": "armtrial.policies.wrappers.delay:Delay",
    "noise": "armtrial.policies.wrappers.noise:Noise",
    "ensemble": "armtrial.policies.wrappers.ensemble:Ensemble",
    "blend": "armtrial.policies.wrappers.blend:Blend",
    "stamp": "armtrial.policies.wrappers.stamp:Stamp",
    "takeover": "armtrial.policies.wrappers.takeover:Takeover",
    "threshold": "armtrial.policies.wrappers.threshold:Threshold",
}
"""What `--wrap` puts around a policy."""
