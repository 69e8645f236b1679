package index

import (
	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/swedish"
)

// stemSwedish is Snowball's Swedish stemmer run twice, because one run takes a single ending: it makes
// marknad of marknaden and markn of marknad, which would then not find each other.
func stemSwedish(word string) string {
	env := snowballstem.NewEnv(word)
	swedish.Stem(env)
	swedish.Stem(env)
	return env.Current()
}

func stemEnglish(word string) string {
	env := snowballstem.NewEnv(word)
	english.Stem(env)
	return env.Current()
}
