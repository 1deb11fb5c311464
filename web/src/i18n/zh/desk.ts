export default {
  menu: { chat: '咨询' },
  home: {
    hello: '{name}，您好', toChat: '进入咨询', toRequests: '查看求助', todayNumber: '今日咨询', sum: '共 {time}',
    active: '正在进行', places: '接待上限 {n}', totalNumber: '累计咨询', rating: '平均评分', ratings: '{n} 次评价',
    noRating: '还没有评价', now: '现在', latest: '最近的咨询', allRecords: '全部记录', noLatest: '还没有咨询记录',
    requests: '进行中的求助', requestsWaiting: '{n} 个在等待', teamOnline: '在线咨询师', teamOf: '共 {n} 位', teamActive: '团队正在进行',
    teamFree: '还有 {n} 个空位', visitorsWaiting: '等待的访客', ofCommon: '公共队列 {n} 位', teamRecords: '团队咨询记录',
  },
  month: { title: '我的排班', days: '本月 {n} 天', before: '上个月', after: '下个月', on: '值班' },
  list: {
    title: '会话列表', search: '搜索会话', noneFound: '没有找到', back: '返回会话列表', active: '进行中', requests: '求助', waiting: '等待中', ended: '最近结束', unread: '{n} 条未读', urgent: '优先', waitsFor: '等待回复 {n} 分钟',
    noActive: '现在没有进行中的咨询', noRequest: '现在没有咨询师求助', noEnded: '还没有结束的会话', place: '排在第 {n} 位',
    common: '公共队列有 {n} 位访客在等待', new: '刚刚接入，请先打个招呼', about: '关于 {name} 的咨询',
  },
  talk: {
    with: '与 {name} 的会话', write: '给 {to} 写消息', choose: '请在左侧选择一个会话', chooseHint: '可以用上下方向键选择，回车打开',
    nobody: '现在没有进行中的咨询', nobodyHint: '保持“在线”状态，有访客接入时会有提示', chooseRequest: '请在左侧选择一个求助',
    noRequest: '现在没有咨询师求助', requestHint: '打开求助后，左边是与咨询师的交谈，右边可以看到咨询的实时内容',
    waits: '{name} 正在等待', waitsHint: '有空位时会自动接入', call: '语音通话中', back: '返回会话',
  },
  clock: {
    hint: '时长和上限由服务器计时', elapsed: '已进行 {time}', left: '剩余 {time}', notice: '安静中，{time} 后会提醒双方', end: '没有回应，{time} 后自动结束',
  },
  visitor: {
    title: '来访者', gender: '性别', age: '年龄', department: '院系', phone: '手机号', emergency: '紧急联系人', before: '以前的咨询',
    first: '第一次与您咨询', wordsOf: '{time} 的咨询内容',
  },
  supervise: {
    title: '督导', waiting: '等待中', running: '交谈中', over: '已结束', none: '需要帮助时，可以请一位督导来。督导会看到这次咨询，并在这里与您交谈；访客看不到这里的交谈。',
    patience: '正在等待督导 {name}', ahead: '前面还有 {n} 个求助', next: '下一个就是您', cancel: '取消请求', cancelSure: '不再请求督导？', end: '结束求助',
    endSure: '结束与督导的交谈？咨询不受影响。', again: '再次请求督导',
  },
  ask: {
    button: '请求督导', title: '请求督导', why: '督导会看到这次咨询的内容。访客看不到您与督导的交谈。', bound: '我的督导', free: '空闲 {n} 位', line: '需要等待，前面 {n} 个', wait: '需要等待',
    offShift: '今天没有排班', gone: '暂时不在', none: '机构里还没有督导', do: '发出请求',
  },
  end: { button: '结束咨询', title: '结束咨询', sure: '确定结束与 {name} 的咨询？结束后双方不能再发送消息。', do: '结束咨询', stay: '继续咨询' },
  ending: { over: '会话已结束：{reason}', lasted: '时长 {time}', rated: '访客评分', stars: '{n} 星' },
  note: {
    title: '咨询小结', why: '写一个只有工作人员能看到的小结：', tag: '标签，可多选或自己输入', words: '这次咨询谈了什么、下次要留意什么', save: '保存小结',
    saved: '小结已保存', missing: '待写小结', tooManyTags: '标签太多了，请减少一些',
    tags: '情绪困扰、学业压力、人际关系、恋爱情感、家庭关系、睡眠问题、自我成长、生涯发展、创伤经历、危机关注',
  },
  capacity: {
    title: '咨询设置', now: '正在接待', places: '接待上限', hint: '达到这个数目后，新的访客会在您的队列里等待。调低不会结束进行中的咨询。',
    zero: '设为 0 后不再接待新的访客，进行中的咨询不受影响。', saved: '咨询设置已保存',
  },
  export: { title: '导出会话', txt: '文本（txt）', xlsx: '表格（xlsx）', json: '数据（json）' },
  mirror: { title: '咨询内容', readOnly: '只读', of: '咨询师：{counselor}', unknown: '找不到这次求助对应的咨询' },
  team: {
    title: '我的咨询师', none: '还没有绑定的咨询师', presence: '状态', load: '进行中', waiting: '等待', missing: '应在班', offShift: '今天没有排班',
    loadOf: '进行中 {n} 个，最多 {max} 个',
  },
  waiting: {
    title: '等待的访客', none: '现在没有访客在等待', for: '等待的咨询师', anyone: '任何咨询师', since: '已等待', do: '操作', raise: '设为优先', lower: '取消优先',
  },
  bell: {
    title: '提醒', list: '还没有处理的提醒', none: '没有要处理的提醒', some: '{n} 条没有处理', since: '{time} 起', more: '还有 {n} 条', open: '打开会话', toOverview: '查看概况',
    hush: '先不再响铃', loudness: { on: '提示音已开启', muted: '提示音已关闭', blocked: '提示音还没有打开' }, off: '提示音未打开',
    blocked: '浏览器要等您点一下页面，才允许发出提示音。', short: { unanswered: '有访客在等待回复', 'counselor-lost': '有咨询师掉线' },
    lost: '{counselor} 已离线，还有 {n} 个进行中的咨询', unansweredOf: '{counselor} 的 {visitor} 已等了 {n} 分钟，还没有收到回复', sound: '提示音', desktop: '桌面通知', allow: '开启', granted: '已开启', denied: '已被浏览器拒绝', unsupported: '此浏览器不支持',
    settles: '咨询师回复或会话结束后，提醒才会消失。别人不能代咨询师回复：请联系咨询师，或结束会话。',
    hint: '通知里不会出现访客的姓名和内容。', visitor: '新的访客已接入', request: '有咨询师请求督导', come: '点击进入会话', waits: '有人在等待您',
    waitsHint: '有空位时会自动接入', unanswered: '{visitor} 已等了 {n} 分钟，还没有收到您的回复', message: '有新消息',
  },
}
