"""What is worked out a thousand at a time is what each individual has by itself."""

from evolution.breeding import episode_seed
from evolution.lineage import Birth, Lineage
from server.service.draws import CHUNK, Draws


def test_draws_are_each_individuals_own() -> None:
    lineage = Lineage(9, 5000)
    lineage.close(0, [Birth(0, 3), Birth(0, 4000), Birth(0, 17)])
    draws = Draws(9, lineage)
    for generation in (0, 1):
        for index in (0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 5):
            bred = lineage.parent(generation, index), lineage.mutation(generation, index)
            assert draws.bred(generation, index) == bred
            for phase, episode in ((0, 0), (1, 29)):
                seed = episode_seed(9, generation, index, phase, episode)
                assert draws.episode_seed(generation, index, phase, episode) == seed
