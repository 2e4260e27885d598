/* Brings the quizzes of coursekit.exercises to life: marks the options that a reader opens and keeps
   the score. Without this script every option still opens and says whether it is right, and why.
   Nothing is stored and nothing is fetched, so it works under file:// too. */

(function () {
  "use strict";

  const INVITATION = "Choose an option: it says whether it is right, and why.";

  function makeElement(tag, className, text) {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    return element;
  }

  /* Only the first tries count: a question is won once all its right options are open and no
     wrong one was opened before. */
  function stateOf(question) {
    const options = Array.from(question.querySelectorAll(".ck-option"));
    const isRight = (option) => option.dataset.right === "true";
    return {
      options: options,
      isRight: isRight,
      missing: options.filter(isRight).length,
      outcome: null,
    };
  }

  function mark(option, right) {
    option.classList.add(right ? "ck-right" : "ck-wrong");
    const text = right ? "✓ right" : "✗ wrong";
    option.querySelector("summary").append(makeElement("span", "ck-mark", text));
  }

  function choose(state, option) {
    if (option.querySelector(".ck-mark")) return;
    const right = state.isRight(option);
    mark(option, right);
    if (state.outcome !== null) return;
    state.missing -= right ? 1 : 0;
    if (!right) state.outcome = "lost";
    else if (state.missing === 0) state.outcome = "won";
  }

  function forget(state) {
    state.options.forEach((option) => {
      option.open = false;
      option.classList.remove("ck-right", "ck-wrong");
      option.querySelectorAll(".ck-mark").forEach((span) => span.remove());
    });
    state.missing = state.options.filter(state.isRight).length;
    state.outcome = null;
  }

  function upgrade(quiz) {
    if (quiz.querySelector(".ck-score")) return;
    const states = Array.from(quiz.querySelectorAll(".ck-question"), stateOf);
    const score = makeElement("p", "ck-score", INVITATION);
    score.setAttribute("role", "status");
    score.setAttribute("aria-live", "polite");
    const again = makeElement("button", "ck-again", "Start again");
    again.type = "button";

    function tell() {
      const answered = states.filter((state) => state.outcome !== null).length;
      const won = states.filter((state) => state.outcome === "won").length;
      score.textContent =
        answered === 0
          ? INVITATION
          : `${won} of ${answered} answered right at the first try; ${states.length} questions.`;
    }

    states.forEach((state) => {
      state.options.forEach((option) => {
        option.addEventListener("toggle", () => {
          if (!option.open) return;
          choose(state, option);
          tell();
        });
      });
    });
    again.addEventListener("click", () => {
      states.forEach(forget);
      tell();
    });
    quiz.append(score, again);
  }

  function upgradeAll() {
    document.querySelectorAll(".ck-quiz").forEach(upgrade);
  }

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", upgradeAll);
  } else {
    upgradeAll();
  }
})();
