"""matplotlib for the scripts that draw: from this Python, or from a folder of its own beside LibTorch. SVGs without a date or a
random name in them, so that the same figures give the same file."""
import os
import pathlib
import subprocess
import sys

MATPLOTLIB = "matplotlib==3.10.7"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # told apart by the colour-blind: Okabe and Ito


def pyplot():
    try:
        import matplotlib
    except ImportError:
        deps = os.environ.get("FASTBOX_DEPS") or pathlib.Path(__file__).resolve().parent.parent / ".deps"
        folder = pathlib.Path(deps) / "matplotlib"
        if not folder.exists():
            install = [sys.executable, "-m", "pip", "install", "-q", "--target", folder, MATPLOTLIB]
            ended = subprocess.run(install, capture_output=True, text=True)
            if ended.returncode:
                sys.exit(f"matplotlib could not be installed; the tables above are whole\n{ended.stderr}")
        sys.path.insert(0, str(folder))
        import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "fastbox"
    from matplotlib import pyplot as plots
    return plots


def tidy(axes):
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def save(figure, file):
    figure.savefig(file, metadata={"Date": None})
