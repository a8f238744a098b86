// Command check verifies what misyn's log publishes with golang.org/x/mod/sumdb, line by line from standard input.
//
// Each line is a JSON object; each answer is a line "ok" or "no: <why>".
//
//	{"vkey","note","index","entry","path"}     the note's signature, and the entry's inclusion
//	{"vkey","old","note","path"}               both notes' signatures, and that the tree grew
//	{"vkey","note","tiles","entries"}          every tile and every proof, from the served folder
//	{"vkey","note","witness"}                  an Ed25519 cosignature (type 0x04)
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Vkey, Note, Old, Tiles, Witness string
	Index                           int64
	Entry                           []byte
	Path                            [][]byte
	Entries                         int64
}

// tree opens a checkpoint and reads its three lines.
func tree(data, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open([]byte(data), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("not this log's checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

func hashes(path [][]byte) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, one := range path {
		if len(one) != tlog.HashSize {
			return nil, errors.New("not a hash")
		}
		var hash tlog.Hash
		copy(hash[:], one)
		found = append(found, hash)
	}
	return found, nil
}

func check(q question) error {
	now, err := tree(q.Note, q.Vkey)
	if err != nil {
		return err
	}
	path, err := hashes(q.Path)
	switch {
	case err != nil:
		return err
	case q.Witness != "":
		return cosigned(q.Note, q.Witness)
	case q.Tiles != "":
		return tiles(q.Tiles, now, q.Entries)
	case q.Old != "":
		old, err := tree(q.Old, q.Vkey)
		if err != nil {
			return err
		}
		return tlog.CheckTree(path, now.N, now.Hash, old.N, old.Hash)
	}
	return tlog.CheckRecord(path, now.N, now.Hash, q.Index, tlog.RecordHash(q.Entry))
}

// served reads tiles where C2SP tlog-tiles puts them.
type served struct{ folder string }

func (s served) Height() int                             { return 8 }
func (s served) SaveTiles(tiles []tlog.Tile, _ [][]byte) {}
func (s served) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		path := strings.TrimPrefix(tile.Path(), "tile/8/")
		data, err := os.ReadFile(filepath.Join(s.folder, "tile", path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

// tiles proves every entry, and the growth from every smaller size, from the tiles alone.
func tiles(folder string, now tlog.Tree, entries int64) error {
	reader := tlog.TileHashReader(now, served{folder})
	if entries != now.N {
		return errors.New("another number of entries")
	}
	for n := int64(0); n < now.N; n++ {
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(now.N, n, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, now.N, now.Hash, n, leaf[0]); err != nil {
			return err
		}
		earlier, err := tlog.TreeHash(n+1, reader)
		if err != nil {
			return err
		}
		growth, err := tlog.ProveTree(now.N, n+1, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(growth, now.N, now.Hash, n+1, earlier); err != nil {
			return err
		}
	}
	return nil
}

// cosigned verifies a cosignature/v1 as C2SP tlog-cosignature writes it down.
func cosigned(data, vkey string) error {
	parts := strings.SplitN(vkey, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return errors.New("not a witness's key")
	}
	id := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	text, signatures, _ := strings.Cut(data, "\n\n")
	for _, line := range strings.Split(signatures, "\n") {
		prefix := "— " + parts[0] + " "
		if !strings.HasPrefix(line, prefix) {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, prefix))
		if err != nil || len(raw) != 76 || string(raw[:4]) != string(id[:4]) {
			continue
		}
		time := binary.BigEndian.Uint64(raw[4:12])
		message := fmt.Sprintf("cosignature/v1\ntime %d\n%s\n", time, text)
		if ed25519.Verify(key[1:], []byte(message), raw[12:]) {
			return nil
		}
	}
	return errors.New("no cosignature of this witness")
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var q question
		err := json.Unmarshal(lines.Bytes(), &q)
		if err == nil {
			err = check(q)
		}
		if err != nil {
			fmt.Println("no:", err)
		} else {
			fmt.Println("ok")
		}
	}
}
