"""Names for runs: adjective-noun for people, a short id for addresses."""

import secrets

ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
"""Lower-case letters and digits without look-alikes: no 0 and o, 1, i and l, u and v."""
ID_LENGTH = 6

ADJECTIVES = """
amber ample apt azure blithe bold brave breezy bright brisk calm candid cheery civil clear clever cosmic cosy crisp
curious daring deft eager early earnest fair famous fleet fond frank free fresh gentle glad golden grand happy hardy
honest humble jolly keen kind lively loyal lucid lucky merry mighty mild modest neat nimble noble patient placid
plucky polite prime proud quick quiet rapid ready regal robust rosy sage serene silver smart snug solid spry stable
steady stellar sturdy sunny swift tidy tranquil trusty upbeat vivid warm witty zesty
"""
NOUNS = """
badger beaver bison bobcat condor coral cougar crane cricket dingo dolphin eagle egret falcon ferret finch firefly
fox gannet gazelle gecko heron hornet ibex ibis iguana jackal jaguar kestrel koala lark lemur leopard linnet lizard
lynx magpie marlin marmot marten merlin mink moth narwhal newt ocelot orca oriole osprey otter owl panther parrot
pelican penguin petrel pika plover puffin puma quail raven robin salmon seal shrike sparrow starling stoat stork
swallow swan tapir teal tern thrush toad toucan trout turtle viper walrus weasel wombat wren
"""


def draw_name() -> str:
    """An adjective and a noun, such as `brave-otter`."""
    return f"{secrets.choice(ADJECTIVES.split())}-{secrets.choice(NOUNS.split())}"


def draw_id() -> str:
    """Six characters that are hard to misread, such as `k3f9x2`."""
    return "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))


def short_id(slug: str) -> str:
    """The id in `k3f9x2` or `brave-otter-k3f9x2`."""
    return slug.rpartition("-")[2].lower()
