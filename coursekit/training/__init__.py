"""Training what pools: exponents, centres and the last layers of a network, from photos alone."""

from coursekit.training.fine_tuning import Epoch, FineTuning, fine_tune
from coursekit.training.losses import contrastive_loss, info_nce
from coursekit.training.views import random_view

__all__ = ["Epoch", "FineTuning", "contrastive_loss", "fine_tune", "info_nce", "random_view"]
