"""The Atari games as Gymnasium first registered them, `<Game>-v4`: ids that this project's ancestors played."""

# fmt: off
CLASSIC_GAMES = frozenset({
    "Adventure", "AirRaid", "Alien", "Amidar", "Assault", "Asterix", "Asteroids", "Atlantis", "BankHeist",
    "BattleZone", "BeamRider", "Berzerk", "Bowling", "Boxing", "Breakout", "Carnival", "Centipede", "ChopperCommand",
    "CrazyClimber", "Defender", "DemonAttack", "DoubleDunk", "ElevatorAction", "Enduro", "FishingDerby", "Freeway",
    "Frostbite", "Gopher", "Gravitar", "Hero", "IceHockey", "Jamesbond", "JourneyEscape", "Kangaroo", "Krull",
    "KungFuMaster", "MontezumaRevenge", "MsPacman", "NameThisGame", "Phoenix", "Pitfall", "Pong", "Pooyan",
    "PrivateEye", "Qbert", "Riverraid", "RoadRunner", "Robotank", "Seaquest", "Skiing", "Solaris", "SpaceInvaders",
    "StarGunner", "Tennis", "TimePilot", "Tutankham", "UpNDown", "Venture", "VideoPinball", "WizardOfWor",
    "YarsRevenge", "Zaxxon",
})
# fmt: on
"""A closed list: other environments have such ids too, `Ant-v4` among them."""
VERSION = "-v4"


def is_classic(environment_id: str) -> bool:
    """Whether the id names an Atari game in this version, such as `Frostbite-v4`."""
    return environment_id.endswith(VERSION) and environment_id.removesuffix(VERSION) in CLASSIC_GAMES
