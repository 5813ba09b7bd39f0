"""The look: navigation, words for states and figures, the design page. Knows no push."""
