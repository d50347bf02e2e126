"""What can be wrong with the simulation itself."""

from jinku.base.errors import JinkuError


class SimulationFault(JinkuError):
    """The simulated day contradicts itself: a fault of the simulator, never of the platform's rules."""

    code = "simulation_fault"
