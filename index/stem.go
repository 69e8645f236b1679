package index

import (
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/swedish"
)

// stemSwedish is Snowball's Swedish stemmer, and what it leaves out. Snowball knows neither the definite
// forms avtalet, hälsan, strategin, byrån and programmet, nor that one ending may follow another: it makes
// marknad of marknaden and markn of marknad. A word and its definite form must find each other, so what
// Snowball leaves is made indefinite and stemmed again, until nothing changes.
func stemSwedish(word string) string {
	for range 4 { // no word has more endings; a bound all the same
		stem := snowball(word)
		base := indefinite(stem)
		if base == stem && !strings.HasSuffix(stem, "ad") && !strings.HasSuffix(stem, "at") {
			return stem
		}
		if base == word {
			return stem
		}
		word = base
	}
	return word
}

func snowball(word string) string {
	env := snowballstem.NewEnv(word)
	swedish.Stem(env)
	return env.Current()
}

// indefinite takes the definite ending off that Snowball leaves on.
func indefinite(word string) string {
	if utf8.RuneCountInString(word) < 5 || word == "internet" || word == "planet" {
		return word
	}
	for _, ending := range []string{"an", "in", "ån", "én"} {
		if strings.HasSuffix(word, ending) {
			return strings.TrimSuffix(word, "n")
		}
	}
	word = strings.TrimSuffix(word, "et")
	if strings.HasSuffix(word, "mm") {
		word = strings.TrimSuffix(word, "m")
	}
	return word
}

func stemEnglish(word string) string {
	env := snowballstem.NewEnv(word)
	english.Stem(env)
	return env.Current()
}
