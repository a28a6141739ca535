"""The words that head a column of a table, in several languages."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Literal

from mygo_cli.graph.rows import DESCRIPTIONS, ENTITIES, TRIPLES

Role = Literal["head", "relation", "tail", "id", "name", "text", "image"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What mygo's own files take for a header counts too. Words of one letter stand alone there.
WORDS: dict[Role, frozenset[str]] = {
    "head": TRIPLES.header[0]
    | _words(
        "start begin origin kopf subjekt quelle von ausgang sujet tête tete origine de sujeto "
        "cabeza origen sujeito cabeça origem soggetto testa onderwerp bron podmiot субъект "
        "голова источник özne 头 头实体 頭 头节点 主体 主语 主語 主詞 起点 源 源节点 始点 주어 "
        "머리 출발"
    ),
    "relation": TRIPLES.header[1]
    | _words(
        "relationship type typ art verb link beziehung verbindung kante prädikat praedikat "
        "eigenschaft merkmal attribut lien prédicat predicat propriété attribute relación "
        "relacion predicado propiedad relação relazione predicato proprietà relatie relacja "
        "отношение связь предикат свойство ilişki 关系 關係 関係 谓词 谓语 述語 述语 边 属性 "
        "관계 술어 类型 種類"
    ),
    "tail": TRIPLES.header[2]
    | _words(
        "end value answer objekt ziel nach wert ende objet queue cible valeur vers objeto cola "
        "destino valor objetivo cauda oggetto coda valore doel waarde obiekt объект хвост цель "
        "значение nesne 尾 尾实体 尾节点 客体 宾语 宾词 终点 目标 目标节点 目的語 終点 值 "
        "목적어 꼬리 도착"
    ),
    "id": ENTITIES.header[0]
    | _words(
        "key code sku ean identifier uid uuid uri iri qid nr no nummer kennung schlüssel "
        "artikelnummer kürzel identifiant référence reference ref identificador código codigo "
        "clave codice identificatore numer идентификатор ид код артикул номер kod kimlik 编号 "
        "編號 编码 标识 标识符 代码 货号 序号 番号 品番 아이디 번호 코드"
    ),
    "name": ENTITIES.header[1]
    | _words(
        "displayname bezeichnung benennung titel nom titre libellé libelle nombre título titulo "
        "nome titolo naam nazwa название имя наименование ad isim 名称 名稱 名字 名前 标题 標題 "
        "品名 商品名 产品名 産品名 이름 제목 명칭"
    ),
    "text": DESCRIPTIONS.header[1]
    | _words(
        "abstract summary comment about details notes beschreibung erklärung erläuterung "
        "zusammenfassung résumé resume descriptif descripción descripcion resumen texto "
        "descrição descricao descrizione testo beschrijving opis описание текст açıklama 描述 "
        "简介 簡介 介绍 说明 說明 摘要 文本 説明 紹介 설명 소개 내용"
    ),
    "image": _words(
        "image images picture pictures photo photos img file filename bild bilder foto fotos "
        "bilddatei imagen imágenes imagem imagens immagine immagini afbeelding zdjęcie "
        "изображение картинка фото resim görsel 图片 圖片 图像 照片 图 画像 写真 이미지 사진 "
        "그림"
    ),
}
# What may stand beside the word that matters: "head entity", "relation_type", "头实体名称".
FILLERS = _words("id ids entity entities node name label type of the column entität")
CHINESE_FILLERS = ("实体", "名称", "编号", "节点", "类型", "的")
LEAST_WITHIN = 5  # letters of a word that counts inside another: Produktbeschreibung
CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{2,}")


@cache
def fit(header: str, role: Role) -> int:
    """Return how well a header says a role: 2 for its very word, 1 for a word within, else 0."""
    plain = _plain(header)
    if plain in WORDS[role]:
        return 2
    if role in ("head", "relation", "tail"):
        # Another word beside it is no sign there: "year of origin".
        return 2 if _without_fillers(plain) in WORDS[role] else 0
    within = any(word in WORDS[role] for word in plain.split())
    return int(within or any(_counts_within(word) and word in plain for word in WORDS[role]))


def _without_fillers(plain: str) -> str:
    bare = " ".join(word for word in plain.split() if word not in FILLERS)
    for filler in CHINESE_FILLERS:
        bare = bare.replace(filler, "") or bare
    return bare


def _plain(header: str) -> str:
    """Return a header in small letters with blanks between its words: productId, PRODUCT_ID."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", header))
    return " ".join(re.sub(r"[\W_]+", " ", parted).casefold().split())


def _counts_within(word: str) -> bool:
    return len(word) >= LEAST_WITHIN or CJK.fullmatch(word) is not None
